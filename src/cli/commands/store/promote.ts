import type { Command } from 'commander'
import { revisionNumber } from '../../terminal/numbers.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Context } from '../../context.ts'

export function promoteCommand(context: Context): Command {
  return sessionCommand('promote', 'make current what was quarantined: another key, or another account')
    .argument('<revision>', 'its number: see `tgsession status`', revisionNumber)
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession promote 43')
    .action(async (number: number, flags: WhichSession & { json?: boolean }) => {
      await withReplica(context, flags, async ({ recovery }) => {
        const { outcome, revision } = await withProgress('Promoting', (onProgress) =>
          recovery.promote(number, { onProgress }),
        )
        const { revision: current, keyFingerprint } = revision
        if (flags.json) printJson({ outcome, from: number, revision: current, keyFingerprint })
        else
          say(
            `What was quarantined as revision ${number} is current now, as revision ${current} (key ${keyFingerprint}).`,
          )
      })
    })
}
