import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { BadDataError, UsageError } from '../../../base/errors.ts'
import { decodeText } from '../../../base/input.ts'
import type { SessionSource } from '../../../container/transfer/read-source.ts'
import { fileError, isDirectory } from '../../../base/file-errors.ts'
import { readSessionFile } from '../../../session/sqlite/read-file.ts'
import type { Context } from '../../context.ts'
import { containerOption, type WhichSession, withContainer } from '../../options.ts'
import { readSource } from '../../session-source.ts'
import { Counter } from '../../terminal/counter.ts'

interface Flags extends WhichSession {
  list?: boolean
  replace?: boolean
  json?: boolean
}

export function importCommand(context: Context): Command {
  return new Command('import')
    .description('put sessions into a container: session files, a folder of them, or a list of strings')
    .argument('<source...>', 'session files, folders with .session files, or with --list files with a list')
    .addOption(containerOption())
    .option('--name <id>', 'which session it becomes; the name of the file unless given')
    .option('--list', 'each line of the source is an id and a session string; - is standard input')
    .option('--replace', 'also in the place of a session that is there')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession import ./sessions --container postgres://…\n  $ tgsession import --list - < strings.txt\n  $ tgsession import anon.session --name alice --replace',
    )
    .action(async (sources: string[], flags: Flags) => {
      const { name, replace, json, list } = flags
      if (name !== undefined && (list === true || sources.length > 1))
        throw new UsageError('import.one_name', '--name is for one session file', {
          hint: 'Without it each gets the name of its file.',
        })
      const { sessionFiles, sessionIdOf } = await import('../../../container/transfer/session-files.ts')
      const { sessionLines } = await import('../../../container/transfer/session-lines.ts')
      const read = async function* (): AsyncGenerator<[id: string, source: SessionSource]> {
        for (const source of sources)
          if (list === true) yield* sessionLines(await readText(source))
          else if (await isFolder(source)) yield* sessionFiles(source)
          else yield [name ?? sessionIdOf(source), () => readSessionFile(source)]
      }
      const counter = new Counter('Imported')
      await withContainer(context, { container: flags.container }, (container) =>
        container.importSessions(read(), { replace, onProgress: (progress) => counter.note(progress) }),
      )
      context.exit(counter.end({ json: json ?? false }))
    })
}

async function isFolder(source: string): Promise<boolean> {
  try {
    return (await stat(source)).isDirectory()
  } catch (error) {
    throw fileError('read', source, error)
  }
}

async function readText(source: string): Promise<string> {
  const bytes = await readSource(source)
  if (bytes instanceof Uint8Array) {
    const text = decodeText(bytes)
    if (text !== null) return text
    throw new BadDataError('session.not_text', 'the list is not a text in UTF-8 or UTF-16', {
      hint: 'Save it as UTF-8: on each line an id, a blank and a session string.',
    })
  }
  throw isDirectory(source)
}
