import { Command } from 'commander'
import type { Context } from '../../context.ts'
import { settingsOf, usingReplica } from '../../options.ts'
import { plural } from '../../terminal/ago.ts'
import { tellWatching } from '../../terminal/holder-words.ts'
import { note, printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import { tellLeft } from './reseal.ts'

interface Flags {
  name?: string
  json?: boolean
}

export function copyCommand(context: Context): Command {
  return new Command('copy')
    .description('copy a session with its history to another store; the bot is stopped meanwhile')
    .argument('<from>', 'a store, as TGSESSION_STORE names one: its address, or a variable that holds it')
    .argument('<to>', 'a store that has nothing under this name')
    .option('--name <name>', 'which session (TGSESSION_NAME, default main)')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nBoth are opened with TGSESSION_KEY (and TGSESSION_KEY_PREVIOUS). Whoever has the session in one store must not use\nthe other: Telegram kills a key that two use. Delete the old one once the new one runs.\n\nExample:\n  $ tgsession copy DATABASE_URL s3://my-bucket/telegram',
    )
    .action(async (from: string, to: string, { name, json }: Flags) => {
      const settings = await settingsOf(context, { store: from, name }, { store: true })
      const target = await settingsOf(context, { store: to, name }, { store: true })
      await usingReplica(settings, (source) =>
        usingReplica(target, async (into) => {
          const { copied, left } = await withProgress('Copying', (onProgress) =>
            source.recovery.copyTo(into.recovery, { onProgress, onWaiting: tellWatching }),
          )
          const [fromLabel, toLabel] = [source.store.label, into.store.label]
          if (json)
            printJson({ outcome: 'copied', name: into.name, from: fromLabel, to: toLabel, copied, left })
          else say(`Copied ${plural(copied, 'revision')} of ${into.name} to ${toLabel}.`)
          tellLeft(left)
          // An address may hold a password.
          const former = /[@?]/.test(from) ? 'FROM' : from
          note(
            `Set TGSESSION_STORE to the new store before anything runs again; then \`tgsession delete --store ${former} --name ${into.name}\`.`,
          )
        }),
      )
    })
}
