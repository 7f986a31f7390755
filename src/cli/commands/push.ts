import type { Command } from 'commander'
import { readSessionFile } from '../../session/read-file.ts'
import { sessionCommand, type WhichSession, withReplica } from '../options.ts'
import { printJson } from '../output.ts'
import type { Context } from '../context.ts'

export function pushCommand(context: Context): Command {
  return sessionCommand('push', 'store a session that was made elsewhere; a running `run` picks it up')
    .argument('<file>', 'a Telethon session file')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExample (CI needs only the public key):\n  $ TGSESSION_RECIPIENT=age1… tgsession push anon.session --store s3://bucket/telegram',
    )
    .action(async (file: string, flags: WhichSession & { json?: boolean }) => {
      const bytes = await readSessionFile(file)
      const saved = await withReplica(context, flags, (replica) => replica.push(bytes))
      const { outcome, revision } = saved
      if (flags.json) printJson({ outcome, revision: revision.revision, key: revision.keyFingerprint })
      else if (saved.outcome === 'aside')
        process.stdout.write(`Kept aside as revision ${revision.revision}, not in use: ${saved.reason}.\n`)
      else if (outcome === 'unchanged')
        process.stdout.write(`Nothing to do: this is revision ${revision.revision} already.\n`)
      else process.stdout.write(`Stored as revision ${revision.revision} (key ${revision.keyFingerprint}).\n`)
      if (outcome === 'aside') context.exit(73)
    })
}
