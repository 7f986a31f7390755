import { type Command, Option } from 'commander'
import { withReplica, sessionCommand, settingsOf, type WhichSession } from '../../options.ts'
import { FAMILY_NAMES, type FamilyName } from '../../../session/formats/family.ts'
import type { ServerAddress } from '../../../session/formats/portable-session.ts'
import { hostPort } from '../../terminal/host-port.ts'
import { userId } from '../../terminal/numbers.ts'
import { printJson, say } from '../../terminal/output.ts'
import { withProgress } from '../../terminal/progress.ts'
import { readSessionBytes } from '../../session-bytes.ts'
import { refuseLostDisk } from '../../store-warnings.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession {
  to?: FamilyName
  userId?: bigint
  dc?: ServerAddress
  yes?: boolean
  json?: boolean
}

export function pushCommand(context: Context): Command {
  return sessionCommand('push', 'store a session that was made elsewhere; a running `run` picks it up')
    .argument(
      '<source>',
      'a session file (Telethon, Pyrogram, pyrofork, Kurigram, mtcute), a StoreSession folder, a file that holds a string, or - for standard input',
    )
    .addOption(
      new Option(
        '--to <family>',
        'store it as a file of this kind; unless given a file stays what it is, and a string becomes a Telethon file',
      ).choices(FAMILY_NAMES),
    )
    .option('--user-id <number>', "the account's own id, if the source does not tell", userId)
    .option('--dc <host:port>', 'where its data centre answers, if the source does not tell', hostPort)
    .option('--yes', 'also into a store on a disk that this host empties at each restart')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples (CI needs only the public key):\n  $ TGSESSION_RECIPIENT=age1… tgsession push anon.session --store s3://bucket/telegram\n  $ tgsession push - < string.txt',
    )
    .action(async (source: string, flags: Flags) => {
      await refuseLostDisk(await settingsOf(context, flags, { store: true }), flags)
      const bytes = await readSessionBytes(source, {
        server: flags.dc,
        userId: flags.userId,
        family: flags.to,
      })
      const saved = await withReplica(context, flags, (replica) =>
        withProgress('Storing', (onProgress) => replica.push(bytes, { onProgress })),
      )
      const { outcome, revision } = saved
      const { keyFingerprint } = revision
      const claim = saved.outcome === 'saved' && saved.claim === 'not checked' ? saved.claim : undefined
      if (flags.json) printJson({ outcome, revision: revision.revision, keyFingerprint, claim })
      else if (saved.outcome === 'quarantined')
        say(
          `Quarantined as revision ${revision.revision}, not in use: ${saved.reason}.`,
          `\`tgsession promote ${revision.revision}\` makes it current all the same.`,
        )
      else if (outcome === 'unchanged') say(`Nothing to do: this is revision ${revision.revision} already.`)
      else say(`Stored as revision ${revision.revision} (key ${revision.keyFingerprint}).`)
      if (claim !== undefined && !flags.json)
        say('Not checked whether another name has this auth key: these credentials reach one name only.')
      if (outcome === 'quarantined') context.exit(73)
    })
}
