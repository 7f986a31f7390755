import { Command } from 'commander'
import { BadDataError } from '../../../base/errors.ts'
import type { BareContainer } from '../../../container/bare-container.ts'
import type { StoredSession } from '../../../container/rows/stored.ts'
import { type Head, patchOf } from '../../../replica/head.ts'
import { type Named, listNames } from '../../../replica/names.ts'
import { openStore } from '../../../store/open-store.ts'
import {
  containerOption,
  namesContainer,
  settingsOf,
  type WhichSession,
  withContainer,
} from '../../options.ts'
import { ago } from '../../terminal/ago.ts'
import { printJson, say } from '../../terminal/output.ts'
import { printRows } from '../../terminal/tables.ts'
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
        else if (found.length === 0) say(`There is no session in ${store.label}.`)
        else printRows([HEADINGS, ...found.map(rowOf)])
      } finally {
        await store.close()
      }
    })
}

/** A container has no revisions. */
async function listContainer(context: Context, flags: WhichSession & { json?: boolean }): Promise<void> {
  await withContainer(context, flags, async (container) => {
    const found: Row[] = []
    for (const name of await container.listSessions()) found.push(await rowInContainer(container, name))
    if (flags.json) printJson({ container: container.label, sessions: found })
    else if (found.length === 0) say(`There is no session in ${container.label}.`)
    else printRows([['name', 'auth key', 'user', 'in use by'], ...found.map(cellsInContainer)])
  })
}

type Damage = { code: string; message: string }
type Row = { name: string } & ((StoredSession & { damage?: undefined }) | { damage: Damage })

/** One that cannot be read must not hide the others. */
async function rowInContainer(container: BareContainer, name: string): Promise<Row> {
  try {
    const stored = await container.describeSession(name)
    if (stored !== null) return { name, ...stored }
    return { name, damage: { code: 'container.no_session', message: 'deleted meanwhile' } }
  } catch (error) {
    if (!(error instanceof BadDataError)) throw error
    const { code, message } = error
    return { name, damage: { code, message } }
  }
}

function cellsInContainer(row: Row): string[] {
  if (row.damage) return [row.name, row.damage.message, '-', '-']
  const { name, keyFingerprint, dead, userId, holder } = row
  return [
    name,
    dead ? `${keyFingerprint} DEAD (${dead})` : keyFingerprint,
    userId ?? '-',
    holder?.label ?? 'nobody',
  ]
}

const HEADINGS = ['name', 'revision', 'saved', 'family', 'user', 'in use by']

function summary({ name, head, damage }: Named): object {
  if (damage) {
    const { code, message } = damage
    return { name, current: null, holder: null, deleted: null, damage: { code, message } }
  }
  const { current, holder, deleted } = head
  return { name, current, holder, deleted: deleted ?? null, damage: null }
}

function rowOf({ name, head, damage }: Named): string[] {
  if (damage) return [name, '-', damage.message, '-', '-', '-']
  return [name, ...cellsOf(head)]
}

function cellsOf({ current, holder, deleted }: Head): string[] {
  const absent = deleted ? `deleted ${ago(deleted.at)}` : 'none yet'
  const base = current && patchOf(current)
  const patch = base === null ? '' : ` (a patch of ${base})`
  const dead = current?.dead ? ` DEAD (${current.dead})` : ''
  return [
    current ? `${current.revision}${patch}${dead}` : '-',
    current ? ago(current.savedAt) : absent,
    current ? (current.family ?? 'telethon') : '-',
    current?.userId ?? '-',
    holder?.label ?? 'nobody',
  ]
}
