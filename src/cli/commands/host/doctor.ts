import type { Command } from 'commander'
import type { Check } from '../../doctor/check.ts'
import { keptCommand, namesContainer, settingsOf, type WhichSession } from '../../options.ts'
import { printJson } from '../../terminal/output.ts'
import type { Context } from '../../context.ts'

export function doctorCommand(context: Context): Command {
  return keptCommand('doctor', 'look at everything that a run needs; Telegram is not asked')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with the exit code of the first failure, on which the later ones may rest; with 0 if there are only warnings.\n\nExample:\n  $ tgsession doctor',
    )
    .action(async (flags: WhichSession & { json?: boolean }) => {
      const { diagnose, keptChecks } = await import('../../doctor/diagnose.ts')
      const { containerChecks } = await import('../../doctor/container-checks.ts')
      const checks = namesContainer(context, flags)
        ? await diagnose(() => settingsOf(context, flags, { container: true }), containerChecks)
        : await diagnose(
            () => settingsOf(context, flags, { store: true }),
            (settings) => keptChecks(settings, context.env),
          )
      const exitCode = checks.find(({ state }) => state === 'failed')?.exitCode ?? 0
      if (flags.json) printJson({ ok: exitCode === 0, exitCode, checks })
      else print(checks)
      context.exit(exitCode)
    })
}

function print(checks: Check[]): void {
  const width = Math.max(...checks.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 11)
  for (const { check, state, detail, hint } of checks) {
    process.stdout.write(
      `${state.padEnd(7)}  ${check.padEnd(width)}  ${detail.replaceAll('\n', `\n${indent}`)}\n`,
    )
    if (hint !== undefined) process.stdout.write(`${indent}→ ${hint}\n`)
  }
}
