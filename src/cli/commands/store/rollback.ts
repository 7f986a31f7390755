import type { Command } from 'commander'
import { findRevision, type Head } from '../../../replica/head.ts'
import { confirmed } from '../../terminal/confirm.ts'
import { revisionNumber } from '../../terminal/numbers.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession {
  yes?: boolean
  yesOtherKey?: boolean
  json?: boolean
}

export function rollbackCommand(context: Context): Command {
  return sessionCommand('rollback', 'make an older revision current again, as a new one; asks first')
    .argument('<revision>', 'its number: see `tgsession history`', revisionNumber)
    .option('--yes', 'do not ask')
    .option('--yes-other-key', 'also if it holds another key: one that Telegram may have ended since')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession rollback 41')
    .action(async (number: number, flags: Flags) => {
      await withReplica(context, flags, async (replica) => {
        const seen = await replica.status()
        if (findRevision(seen, number) && !(await confirmed(question(seen, number), flags))) return
        const { outcome, revision } = await withProgress('Rolling back', (onProgress) =>
          replica.recovery.rollback(number, { seen, otherKey: flags.yesOtherKey, onProgress }),
        )
        const { revision: current, keyFingerprint } = revision
        if (flags.json) printJson({ outcome, from: number, revision: current, keyFingerprint })
        else if (outcome === 'unchanged') say(`Nothing to do: revision ${number} is current.`)
        else say(`Revision ${number} is current again, as revision ${current} (key ${keyFingerprint}).`)
      })
    })
}

function question(head: Head, number: number): string {
  const { current, holder } = head
  const restart = holder ? ` ${holder.label} uses the session, and starts again with it.` : ''
  return `Put revision ${number} in the place of ${current ? `revision ${current.revision}` : 'nothing'}?${restart}`
}
