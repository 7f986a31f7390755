import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { fileError } from '../../../base/file-errors.ts'
import { writeDatabase } from '../../../base/write-file.ts'
import { refuseForeign } from '../../../session/overwrite.ts'
import { fileExists } from '../../output-file.ts'
import type { Context } from '../../context.ts'
import { containerOption, type WhichSession, withContainer } from '../../options.ts'
import { Counter } from '../../terminal/counter.ts'

interface Flags extends WhichSession {
  copy?: boolean
  overwrite?: boolean
  json?: boolean
}

export function exportCommand(context: Context): Command {
  return new Command('export')
    .description('write the sessions of a container to files that Telethon opens; secrets, like the sessions')
    .argument('<folder>', 'where to; it is made if it is not there')
    .addOption(containerOption())
    .option('--name <id>', 'only this one')
    .option('--copy', 'also while an instance uses it: connecting with the copy kills both')
    .option('--overwrite', 'also files that are there already')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession export ./sessions --container postgres://…')
    .action(async (folder: string, flags: Flags) => {
      const { name, copy, overwrite } = flags
      const { sessionFileName } = await import('../../../container/transfer/session-files.ts')
      const exitCode = await withContainer(context, { container: flags.container }, async (container) => {
        await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
          throw fileError('write', folder, error)
        })
        const ids = name === undefined ? await container.listSessions() : [name]
        const counter = new Counter('Exported', ids.length)
        for (const [index, id] of ids.entries()) {
          const file = path.join(folder, sessionFileName(id))
          const work = async (): Promise<void> => {
            if (existsSync(file) && overwrite !== true) throw fileExists(file)
            await refuseForeign(file)
            await writeDatabase(file, await container.exportSession(id, { copy }))
          }
          const error = await work().then(
            () => undefined,
            (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
          )
          counter.note({ id, done: index + 1, error })
        }
        return counter.end({ json: flags.json ?? false })
      })
      context.exit(exitCode)
    })
}
