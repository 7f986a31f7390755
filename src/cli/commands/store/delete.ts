import type { Command } from 'commander'
import { BadDataError } from '../../../base/errors.ts'
import type { Head } from '../../../replica/head.ts'
import { isReplaceable } from '../../../replica/head-format.ts'
import type { Replica } from '../../../replica/replica.ts'
import { confirmed } from '../../terminal/confirm.ts'
import { tellWatching } from '../../terminal/holder-words.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { plural } from '../../terminal/ago.ts'
import { printJson, say } from '../../terminal/output.ts'
import type { Context } from '../../context.ts'

type Flags = WhichSession & { yes?: boolean; json?: boolean }

const STILL_KNOWN = 'Telegram still knows the key; end it in Settings, Devices.'

export function deleteCommand(context: Context): Command {
  return sessionCommand('delete', 'delete a session for good, with every revision in the store; asks first')
    .option('--yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nTelegram is not told: the key itself lives until it is ended in Settings, Devices.\n\nExample:\n  $ tgsession delete --name second-account',
    )
    .action(async (flags: Flags) => {
      const remove = async (replica: Replica): Promise<void> => {
        const question = await replica.status().then(
          (head) => (head.writeId === '' ? null : questionOf(replica.name, head)),
          (error: unknown) => questionUnread(replica.name, error),
        )
        if (question !== null && !(await confirmed(question, flags))) return
        const removed = await replica.recovery.delete({ onWaiting: tellWatching })
        if (flags.json) printJson({ outcome: 'deleted', name: replica.name, removed })
        else say(`Deleted ${replica.name}: ${plural(removed, 'revision')}. ${STILL_KNOWN}`)
      }
      await withReplica(context, flags, remove)
    })
}

function questionOf(name: string, { current, history, quarantined }: Head): string {
  const whose = current?.userId ? ` of user ${current.userId}` : ''
  const count = history.length + quarantined.length + (current ? 1 : 0)
  return `Delete the session ${name}${whose} and all its ${count} revisions, for good?`
}

/** Without a readable head it is unknown who uses the session. */
function questionUnread(name: string, error: unknown): string {
  if (!(error instanceof BadDataError) || !isReplaceable(error)) throw error
  return `${error.message}. Stop whatever uses the session ${name}, and take it out as in docs/recovery.md, if it is to live on. Delete it now with all its revisions, for good?`
}
