import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { sessionCommand, type WhichSession, withReplica } from '../../options.ts'
import { plural } from '../../terminal/ago.ts'
import { tellWatching } from '../../terminal/holder-words.ts'
import { note, printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'

export function resealCommand(context: Context): Command {
  return sessionCommand(
    'reseal',
    'encrypt the whole history to the present key, so that the one before can go',
  )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nTGSESSION_KEY is the new key, TGSESSION_KEY_PREVIOUS the one before. Stop the bot first.\n\nExample:\n  $ tgsession reseal',
    )
    .action(async (flags: WhichSession & { json?: boolean }) => {
      await withReplica(context, flags, async ({ name, recovery }) => {
        const { resealed, left } = await withProgress('Encrypting', (onProgress) =>
          recovery.reseal({ onProgress, onWaiting: tellWatching }),
        )
        if (flags.json) printJson({ outcome: resealed === 0 ? 'unchanged' : 'saved', name, resealed, left })
        else if (resealed === 0) say(`Every revision of ${name} is encrypted to the present key already.`)
        else say(`Encrypted ${plural(resealed, 'revision')} of ${name} to the present key.`)
        tellLeft(left)
      })
    })
}

/** What was damaged before is no failure of this. */
export function tellLeft(left: number[]): void {
  if (left.length > 0)
    note(`tgsession: ${plural(left.length, 'damaged revision')} left out: ${left.join(', ')}`)
}
