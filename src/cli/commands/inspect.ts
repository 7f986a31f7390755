import { Command } from 'commander'
import { inspectSession } from '../../session/inspect.ts'
import { readSessionFile } from '../../session/read-file.ts'
import { printJson, printTable } from '../output.ts'

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('say what a session file is and whether it is whole, without showing a secret')
    .argument('<file>', 'a session file')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession inspect anon.session')
    .action(async (file: string, flags: { json?: boolean }) => {
      const report = await inspectSession(await readSessionFile(file))
      if (flags.json) printJson(report)
      else
        printTable(Object.fromEntries(Object.entries(report).map(([name, value]) => [name, String(value)])))
    })
}
