import type { Command } from 'commander'
import type { Head } from '../../replica/head.ts'
import type { Replica } from '../../replica/replica.ts'
import { confirmed } from '../confirm.ts'
import { sessionCommand, type WhichSession, withReplica } from '../options.ts'
import { onTrouble, printJson } from '../output.ts'
import type { Context } from '../context.ts'

export function deleteCommand(context: Context): Command {
  return sessionCommand('delete', 'delete every revision of a session from the store; asks first')
    .option('--yes', 'do not ask')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nTelegram is not told: the key itself lives until it is ended in Settings, Devices.\n\nExample:\n  $ tgsession delete --name second-account',
    )
    .action(async (flags: WhichSession & { yes?: boolean; json?: boolean }) => {
      const remove = async (replica: Replica): Promise<void> => {
        const head = await replica.status()
        if (head.writeId !== '' && !(await confirmed(question(replica.name, head), flags))) return
        const removed = await replica.recovery.delete({
          onWaiting: ({ label, ttlMs }) =>
            process.stderr.write(
              `Watching ${label} for ${Math.ceil(ttlMs / 1000)} s, to see whether it lives.\n`,
            ),
        })
        if (flags.json) printJson({ outcome: 'deleted', name: replica.name, removed })
        else
          process.stdout.write(
            `Deleted ${replica.name}: ${removed} revisions. Telegram still knows the key; end it in Settings, Devices.\n`,
          )
      }
      await withReplica(context, flags, remove, { onTrouble })
    })
}

function question(name: string, { current, history, aside }: Head): string {
  const whose = current?.userId ? ` of user ${current.userId}` : ''
  const count = history.length + aside.length + (current ? 1 : 0)
  return `Delete the session ${name}${whose} and all its ${count} revisions, for good?`
}
