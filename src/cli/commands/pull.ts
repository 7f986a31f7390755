import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { LeaseError, UsageError } from '../../errors.ts'
import { placeFile } from '../../session/place-file.ts'
import { sessionCommand, type WhichSession, withReplica } from '../options.ts'
import { formatBytes, printJson } from '../output.ts'
import type { Context } from '../context.ts'

interface Flags extends WhichSession {
  copy?: boolean
  force?: boolean
  json?: boolean
}

export function pullCommand(context: Context): Command {
  return sessionCommand('pull', 'write the stored session to a file')
    .argument('[file]', 'where to; NAME.session in this folder unless given')
    .option('--copy', 'also while an instance uses it: connecting with the copy kills both')
    .option('--force', 'overwrite the file')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession pull backup.session')
    .action(async (given: string | undefined, flags: Flags) => {
      await withReplica(context, flags, async (replica) => {
        const file = given ?? `${replica.name}.session`
        if (existsSync(file) && !flags.force)
          throw new UsageError('pull.file_exists', `${file} is there already`, {
            hint: 'Name another file, or overwrite it with --force.',
          })
        const { holder } = await replica.status()
        if (holder && !flags.copy)
          throw new LeaseError(
            'lease.held',
            `the session is in use by ${holder.label} since ${holder.since}`,
            {
              hint: 'Stop it first. `--copy` writes a copy all the same, only to be looked at: connecting with it makes Telegram kill the key for both.',
            },
          )
        const { revision, bytes } = await replica.restore()
        await placeFile(file, bytes)
        const { revision: number, keyFingerprint } = revision
        if (flags.json) printJson({ file, revision: number, bytes: bytes.length, key: keyFingerprint })
        else
          process.stdout.write(
            `Wrote revision ${number} to ${file} (${formatBytes(bytes.length)}, key ${keyFingerprint}).\n`,
          )
        if (holder) process.stderr.write('This is a copy of a session in use. Do not connect with it.\n')
      })
    })
}
