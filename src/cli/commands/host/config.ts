import type { Command } from 'commander'
import { describeSettings, settingsAsJson } from '../../../config/describe.ts'
import { sessionCommand, settingsOf, type WhichSession } from '../../options.ts'
import { printJson } from '../../terminal/output.ts'
import { printTable } from '../../terminal/tables.ts'
import type { Context } from '../../context.ts'

export function configCommand(context: Context): Command {
  return sessionCommand('config', 'show which settings are in force, without secrets')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession config --store file:./sessions')
    .action(async (flags: WhichSession & { json?: boolean }) => {
      const settings = await settingsOf(context, flags)
      if (flags.json) printJson(settingsAsJson(settings))
      else printTable(describeSettings(settings))
    })
}
