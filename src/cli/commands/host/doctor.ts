import type { Command } from 'commander'
import type { Check } from '../../doctor/check.ts'
import { sessionCommand, settingsOf, type WhichSession } from '../../options.ts'
import { linesOf, printJson, say } from '../../terminal/output.ts'
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

function print(checks: Check[]): void {
  const width = Math.max(...checks.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 11)
  for (const { check, state, detail, hint, code } of checks) {
    const [first = '', ...more] = linesOf(code, detail)
    say(`${state.padEnd(7)}  ${check.padEnd(width)}  ${first}`, ...more.map((line) => `${indent}${line}`))
    if (hint !== undefined) say(`${indent}→ ${hint}`)
  }
}
