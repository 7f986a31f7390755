import { Command, Option } from 'commander'
import { UsageError } from '../../../base/errors.ts'
import { convertToFile, convertToString, type ConvertOptions } from '../../../session/convert.ts'
import { FAMILY_NAMES } from '../../../session/formats/family.ts'
import type { ServerAddress } from '../../../session/formats/portable-session.ts'
import {
  checkOutput,
  nameOf,
  type OutputFlags,
  outputOption,
  overwriteOption,
  writeOutput,
} from '../../output-file.ts'
import { stringFormat, type TargetFormat, TARGETS } from '../../terminal/formats.ts'
import { hostPort } from '../../terminal/host-port.ts'
import { apiId, fileVersion, userId } from '../../terminal/numbers.ts'
import { note } from '../../terminal/output.ts'
import { readSource } from '../../session-source.ts'

interface Flags extends OutputFlags {
  output?: string
  to?: TargetFormat
  apiId?: number
  userId?: bigint
  bot?: boolean
  dc?: ServerAddress
  fileVersion?: number
}

export function convertCommand(): Command {
  return new Command('convert')
    .description('turn a session into the file or the string of another library')
    .argument(
      '<source>',
      'a session file (Telethon, Pyrogram, pyrofork, Kurigram, mtcute), a StoreSession folder, a file that holds a string, or - for standard input',
    )
    .addOption(outputOption('where to'))
    .addOption(
      new Option(
        '--to <format>',
        'a file of this family (telethon, the default with -o), or a string',
      ).choices(TARGETS),
    )
    .option(
      '--api-id <number>',
      'for a Pyrogram string or file, in the place of what the source tells',
      apiId,
    )
    .option('--user-id <number>', "the account's own id, in the place of what the source tells", userId)
    .option('--bot', 'the account is a bot, whatever the source tells')
    .option(
      '--dc <host:port>',
      'where its data centre answers, in the place of what the source tells',
      hostPort,
    )
    .option('--file-version <number>', 'of the file, for an old Telethon: 4 (of 2018) to 8', fileVersion)
    .addOption(overwriteOption())
    .option('--json', 'say what was written as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, flags: Flags) => {
      const to = targetOf(flags)
      const isText = stringFormat(to) !== undefined
      // A string on a terminal is a person's wish, a file there is a mistake.
      const toStdout = flags.output === undefined || (flags.output === '-' && isText)
      if (flags.output !== undefined && !toStdout) await checkOutput(flags.output, flags)
      const bytes = await converted(source, to, flags)
      if (flags.output === undefined || toStdout) return printSecret(bytes)
      const file = flags.output
      const answer = flags.json && { file, format: to, bytes: bytes.length }
      await writeOutput(file, bytes, { words: `Wrote ${nameOf(file)} (${to}).`, answer, isText })
    })
}

const EXAMPLES = `
Examples:
  $ tgsession convert old.session -o new.session         a file that any SQLite opens
  $ tgsession convert string.txt -o anon.session         a string becomes a file
  $ tgsession convert anon.session --to kurigram -o new.session
  $ tgsession convert anon.session --to gramjs-string -o string.txt
  $ tgsession convert - --to pyrogram-string --api-id 12345 -o string.txt < telethon.txt

A string holds the key and where it belongs; peers and update states stay behind. Use the old session or the new one,
never both at once: Telegram kills the key then.`

function targetOf({ output, to = 'telethon', fileVersion: version }: Flags): TargetFormat {
  if (version !== undefined && to !== 'telethon')
    throw new UsageError('convert.no_file', 'only a Telethon file has a version to choose', {
      hint: 'Leave out --file-version.',
    })
  if (output === undefined && stringFormat(to) === undefined)
    throw new UsageError('convert.no_target', 'it is not said what to make and where', {
      hint: 'Name a file with -o, or a string with --to, for example telethon-string.',
    })
  return to
}

async function converted(source: string, to: TargetFormat, flags: Flags): Promise<Uint8Array> {
  const options: ConvertOptions = {
    server: flags.dc,
    apiId: flags.apiId,
    userId: flags.userId,
    isBot: flags.bot,
    version: flags.fileVersion,
  }
  const session = await readSource(source)
  const string = stringFormat(to)
  if (string !== undefined) return Buffer.from(`${await convertToString(session, string, options)}\n`)
  return await convertToFile(session, { ...options, family: FAMILY_NAMES.find((name) => name === to) })
}

function printSecret(string: Uint8Array): void {
  if (process.stdout.isTTY)
    note(
      'tgsession: this string gives whoever reads it the whole account. Clear the screen; next time use -o.',
    )
  process.stdout.write(string)
}
