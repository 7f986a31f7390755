import { Command } from 'commander'
import { BadDataError } from '../../../base/errors.ts'
import { inspectSession, reportOf, type SessionReport, unsoundReport } from '../../../session/inspect.ts'
import type { Context } from '../../context.ts'
import { printError, printJson } from '../../terminal/output.ts'
import { printTable } from '../../terminal/tables.ts'
import { readSource } from '../../session-source.ts'

export function inspectCommand(context: Context): Command {
  return new Command('inspect')
    .description('say what a session is and whether it is whole, without showing a secret')
    .argument(
      '<source>',
      'a session file, a StoreSession folder, a file with a string, or - for standard input',
    )
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession inspect anon.session\n  $ tgsession inspect - < string.txt',
    )
    .action(async (source: string, flags: { json?: boolean }) => {
      try {
        print(await inspect(source), flags.json ?? false)
      } catch (error) {
        if (!(error instanceof BadDataError) || !flags.json) throw error
        printJson(unsoundReport(error))
        context.exit(printError(error, { json: false }))
      }
    })
}

async function inspect(source: string): Promise<SessionReport> {
  const found = await readSource(source)
  if (found instanceof Uint8Array) return await inspectSession(found)
  return reportOf({ format: 'gramjs-store', version: undefined, session: found }, 0)
}

function print(report: SessionReport, json: boolean): void {
  if (json) return printJson(report)
  const rows = Object.entries(report).filter(([name]) => name !== 'problems')
  const { problems } = report
  printTable({
    ...Object.fromEntries(rows.map(([name, value]) => [name, String(value)])),
    ...(problems.length > 0 && { notes: problems.join('; ') }),
  })
}
