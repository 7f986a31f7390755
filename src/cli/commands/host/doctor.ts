import type { Command } from 'commander'
import type { Check } from '../../doctor/check.ts'
import { sessionCommand, settingsOf, type WhichSession } from '../../options.ts'
import { plural } from '../../terminal/ago.ts'
import { linesOf, printJson, say } from '../../terminal/output.ts'
import { isForPerson, printBeside } from '../../terminal/tables.ts'
import type { Context } from '../../context.ts'

export function doctorCommand(context: Context): Command {
  return sessionCommand('doctor', 'look at everything that a run needs; Telegram is not asked')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with the exit code of the first failure, on which the later ones may rest; with 0 if there are only warnings.\n\nExample:\n  $ tgsession doctor',
    )
    .action(async (flags: WhichSession & { json?: boolean }) => {
      const { diagnose } = await import('../../doctor/diagnose.ts')
      const checks = await diagnose(() => settingsOf(context, flags, { store: true }), context.env)
      const exitCode = checks.find(({ state }) => state === 'failed')?.exitCode ?? 0
      if (flags.json)
        printJson({ ok: exitCode === 0, exitCode, checks: checks.map((one) => ({ ...NONE, ...one })) })
      else print(checks)
      context.exit(exitCode)
    })
}

/** What a check has none of is null in JSON. */
const NONE = { hint: null, code: null, exitCode: null }

/** The mark before a check, and its colour. */
const MARKS = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
  skipped: ['-', 'dim'],
} as const

function print(checks: Check[]): void {
  const width = Math.max(...checks.map(({ check }) => check.length))
  for (const { check, state, detail, hint, code } of checks) {
    const [mark, style] = MARKS[state]
    const head = isForPerson() ? mark : state.padEnd(7)
    printBeside(`${head}  ${check.padEnd(width)}  `, style, [
      ...linesOf(code, detail),
      ...(hint === undefined ? [] : [`→ ${hint}`]),
    ])
  }
  const count = (wanted: Check['state']): number => checks.filter(({ state }) => state === wanted).length
  if (isForPerson()) say('', `${plural(count('failed'), 'failure')}, ${plural(count('warning'), 'warning')}.`)
}
