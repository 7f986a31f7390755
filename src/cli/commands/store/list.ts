import { Command } from 'commander'
import { BadDataError } from '../../../base/errors.ts'
import type { Head } from '../../../replica/head.ts'
import { type Named, listNames } from '../../../replica/names.ts'
import { openStore } from '../../../store/open-store.ts'
import {
  containerOption,
  namesContainer,
  settingsOf,
  type WhichSession,
  withContainer,
} from '../../options.ts'
import { printJson, printRows } from '../../terminal/output.ts'
import type { Context } from '../../context.ts'

export function listCommand(context: Context): Command {
  return new Command('list')
    .description('every session in the store, or in the container')
    .option('--store <url>', 'where sessions are kept (TGSESSION_STORE)')
    .addOption(containerOption())
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ tgsession list --store s3://bucket/telegram')
    .action(async (flags: WhichSession & { json?: boolean }) => {
      if (namesContainer(context, flags)) return await listContainer(context, flags)
      const { store: location } = await settingsOf(context, flags, { store: true })
      if (!location) throw new TypeError('settings read without { store: true }')
      const store = await openStore(location)
      try {
        const found: Named[] = []
        for await (const named of listNames(store)) found.push(named)
        if (flags.json) printJson({ store: store.label, sessions: found.map(summary) })
        else if (found.length === 0) process.stdout.write(`There is no session in ${store.label}.\n`)
        else printRows([HEADINGS, ...found.map(rowOf)])
      } finally {
        await store.close()
      }
    })
}

/** A revision is a count of saves there, and what programs of the library save is not counted. */
async function listContainer(context: Context, flags: WhichSession & { json?: boolean }): Promise<void> {
  await withContainer(context, flags, async (container) => {
    const found: InContainer[] = []
    for (const name of await container.listSessions()) {
      const place = container.loginPlace(name)
      found.push(
        await place.status().then(
          (head) => ({ name, head }),
          (error: unknown) => damaged(name, error),
        ),
      )
    }
    if (flags.json) printJson({ container: container.label, sessions: found.map(inContainer) })
    else if (found.length === 0) process.stdout.write(`There is no session in ${container.label}.\n`)
    else printRows([HEADINGS, ...found.map(rowOf)])
  })
}

type InContainer = { name: string } & (
  | { head: Pick<Head, 'current' | 'holder'>; damage?: undefined }
  | { damage: BadDataError; head?: undefined }
)

/** One that cannot be read must not hide the others. */
function damaged(name: string, error: unknown): InContainer {
  if (error instanceof BadDataError) return { name, damage: error }
  throw error
}

function inContainer({ name, head, damage }: InContainer): object {
  if (damage) return { name, damage: { code: damage.code, message: damage.message } }
  return { name, current: head.current, holder: head.holder }
}

const HEADINGS = ['name', 'revision', 'saved', 'family', 'user', 'in use by']

function summary({ name, head, damage }: Named): object {
  if (damage) return { name, damage: { code: damage.code, message: damage.message } }
  const { current, holder, deleted } = head
  return { name, current, holder, deleted: deleted ?? null }
}

function rowOf({ name, head, damage }: Named | InContainer): string[] {
  if (damage) return [name, '-', damage.message, '-', '-', '-']
  return [name, ...cellsOf(head)]
}

function cellsOf({ current, holder, deleted }: Pick<Head, 'current' | 'holder'> & Partial<Head>): string[] {
  const absent = deleted ? `deleted ${deleted.at}` : 'none yet'
  const dead = current?.dead ? ` DEAD (${current.dead})` : ''
  return [
    current ? `${current.revision}${dead}` : '-',
    current?.savedAt ?? absent,
    current ? (current.family ?? 'telethon') : '-',
    current?.userId ?? '-',
    holder?.label ?? 'nobody',
  ]
}
