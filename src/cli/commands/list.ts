import { Command } from 'commander'
import { type Named, listNames } from '../../replica/names.ts'
import { openStore } from '../../store/open-store.ts'
import { settingsOf } from '../options.ts'
import { printJson, printRows } from '../output.ts'
import type { Context } from '../context.ts'

export function listCommand(context: Context): Command {
  return new Command('list')
    .description('every session in the store')
    .option('--store <url>', 'where sessions are kept (TGSESSION_STORE)')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession list --store s3://bucket/telegram')
    .action(async (flags: { store?: string; json?: boolean }) => {
      const { store: location } = await settingsOf(context, flags, { store: true })
      if (!location) throw new TypeError('settings read without { store: true }')
      const store = await openStore(location)
      try {
        const found: Named[] = []
        for await (const named of listNames(store)) found.push(named)
        if (flags.json) printJson({ store: store.label, sessions: found.map(summary) })
        else if (found.length === 0) process.stdout.write(`There is no session in ${store.label}.\n`)
        else printRows([['name', 'revision', 'saved', 'user', 'in use by'], ...found.map(rowOf)])
      } finally {
        await store.close()
      }
    })
}

function summary({ name, head, damage }: Named): object {
  if (damage) return { name, damage: { code: damage.code, message: damage.message } }
  const { current, holder, deleted } = head
  return { name, current, holder, deleted: deleted ?? null }
}

function rowOf({ name, head, damage }: Named): string[] {
  if (damage) return [name, '-', damage.message, '-', '-']
  const { current, holder, deleted } = head
  const absent = deleted ? `deleted ${deleted.at}` : 'none yet'
  const dead = current?.dead ? ` DEAD (${current.dead})` : ''
  return [
    name,
    current ? `${current.revision}${dead}` : '-',
    current?.savedAt ?? absent,
    current?.userId ?? '-',
    holder?.label ?? 'nobody',
  ]
}
