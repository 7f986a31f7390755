import type { Command } from 'commander'
import { tellWatching } from '../../terminal/holder-words.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { note, printJson, say } from '../../terminal/output.ts'
import type { Context } from '../../context.ts'

export function unlockCommand(context: Context): Command {
  return sessionCommand('unlock', 'end the lease of an instance that died')
    .option(
      '--force',
      'at once, without looking whether it lives: if it does, it and the next one kill the key for both',
    )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nWithout --force the holder is watched for the whole time after which its lease runs out. `tgsession run` does the\nsame by itself, so this is seldom needed.\n\nExample:\n  $ tgsession unlock',
    )
    .action(async (flags: WhichSession & { force?: boolean; json?: boolean }) => {
      const holder = await withReplica(context, flags, ({ recovery }) =>
        recovery.unlock({ force: flags.force, onWaiting: tellWatching }),
      )
      if (flags.json) printJson({ outcome: holder ? 'unlocked' : 'free', holder })
      else if (!holder) say('Nothing to do: nobody holds the lease.')
      else say(`The lease of ${holder.label} (since ${holder.since}) was ended.`)
      if (holder && flags.force)
        note(
          `If ${holder.label} is still alive, it is connected until its next renewal. Another that connects before that makes Telegram kill the key.`,
        )
    })
}
