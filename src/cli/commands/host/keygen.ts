import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { writeFileAtomic } from '../../../base/write-file.ts'
import { readSettings } from '../../../config/settings.ts'
import { ConfigurationError } from '../../../base/errors.ts'
import { parseKey, recipientOf } from '../../../seal/key.ts'
import type { Context } from '../../context.ts'
import { fileExists, outputOption, overwriteOption } from '../../output-file.ts'
import { note, printJson, say } from '../../terminal/output.ts'

interface Flags {
  output?: string
  overwrite?: boolean
  json?: boolean
  fromEnv?: boolean
  recipient?: boolean
}

export function keygenCommand(context: Context): Command {
  return new Command('keygen')
    .description('make the key that encrypts the session')
    .addOption(outputOption('write it there instead of printing it'))
    .addOption(overwriteOption())
    .option('--from-env', 'print the TGSESSION_KEY that is set, as an age identity for `age -d -i`')
    .option('--recipient', 'print the public half of the TGSESSION_KEY that is set: enough to encrypt (CI)')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ heroku config:set TGSESSION_KEY="$(npx tgsession keygen)"\n  $ tgsession keygen --from-env -o key.txt; age -d -i key.txt revision.session.zst.age | zstd -d > main.session',
    )
    .action(async (flags: Flags) => {
      const isSet = flags.fromEnv || flags.recipient
      const identity = isSet ? await keyInForce(context) : parseKey(randomBytes(32).toString('hex'))
      const recipient = recipientOf(identity)
      const text = flags.recipient ? recipient : identity
      const file = flags.output === '-' ? undefined : flags.output
      if (file !== undefined) await write(file, text, flags.overwrite ?? false)
      if (flags.json)
        printJson({
          key: file === undefined && !flags.recipient ? identity : null,
          recipient,
          file: file ?? null,
        })
      else if (file === undefined) process.stdout.write(`${text}\n`)
      else say(`Wrote ${file}.`)
      if (!flags.fromEnv && !flags.recipient)
        note(
          `Public key: ${recipient}`,
          `Keep the ${file === undefined ? 'line above' : 'file'} secret, and a copy of it: without it the stored session cannot be read.`,
        )
    })
}

async function write(file: string, text: string, overwrite: boolean): Promise<void> {
  if (existsSync(file) && !overwrite) throw fileExists(file)
  await writeFileAtomic(file, Buffer.from(`${text}\n`))
}

async function keyInForce(context: Context): Promise<string> {
  const [identity] = (await readSettings(context.env)).identities
  if (identity === undefined)
    throw new ConfigurationError('key.missing', 'TGSESSION_KEY is not set', {
      hint: '`tgsession keygen` makes one.',
    })
  return identity
}
