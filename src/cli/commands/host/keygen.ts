import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { readSettings } from '../../../config/settings.ts'
import { ConfigurationError } from '../../../base/errors.ts'
import { parseKey, recipientOf } from '../../../seal/key.ts'
import type { Context } from '../../context.ts'

export function keygenCommand(context: Context): Command {
  return new Command('keygen')
    .description('make the key that encrypts the session')
    .option('--from-env', 'print the TGSESSION_KEY that is set, as an age identity for `age -d -i`')
    .option('--recipient', 'print the public half of the TGSESSION_KEY that is set: enough to encrypt (CI)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ heroku config:set TGSESSION_KEY="$(npx tgsession keygen)"\n  $ tgsession keygen --from-env > key.txt; age -d -i key.txt revision.session.zst.age | zstd -d > main.session',
    )
    .action(async (flags: { fromEnv?: boolean; recipient?: boolean }) => {
      const isSet = flags.fromEnv || flags.recipient
      const identity = isSet ? await keyInForce(context) : parseKey(randomBytes(32).toString('hex'))
      const recipient = recipientOf(identity)
      process.stdout.write(`${flags.recipient ? recipient : identity}\n`)
      if (!flags.fromEnv && !flags.recipient)
        process.stderr.write(
          `Public key: ${recipient}\nKeep the line above secret, and a copy of it: without it the stored session cannot be read.\n`,
        )
    })
}

async function keyInForce(context: Context): Promise<string> {
  const [identity] = (await readSettings(context.env)).identities
  if (identity === undefined)
    throw new ConfigurationError('key.missing', 'TGSESSION_KEY is not set', {
      hint: '`tgsession keygen` makes one.',
    })
  return identity
}
