import { Command, Option } from 'commander'
import type { BareContainer } from '../container/bare-container.ts'
import { openReplica } from '../config/open-replica.ts'
import { type Needs, readSettings, type Settings } from '../config/settings.ts'
import { UsageError } from '../base/errors.ts'
import type { Replica } from '../replica/replica.ts'
import type { Context } from './context.ts'
import { onTrouble } from './terminal/output.ts'
import { writeAbove } from './terminal/status-line.ts'

/** Which session a command is about; flags win over the environment. */
export interface WhichSession {
  store?: string | undefined
  /** Instead of a store, for `list`, `import` and `export`. */
  container?: string | undefined
  name?: string | undefined
}

export function sessionCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--store <url>', 'where sessions are kept (TGSESSION_STORE)')
    .option('--name <name>', 'which session (TGSESSION_NAME, default main)')
}

export function containerOption(): Option {
  return new Option(
    '--container <url>',
    'an SQL database that holds many sessions, instead of a store (TGSESSION_CONTAINER)',
  )
}

/** Whether a container is meant. A flag wins over the environment, and there the container over the store. */
export function namesContainer({ env }: Context, flags: WhichSession): boolean {
  if (flags.container !== undefined && flags.store !== undefined)
    throw new UsageError('usage.store_or_container', '--store and --container exclude each other', {
      hint: 'A session lies in one of them.',
    })
  if (flags.store !== undefined) return false
  return (flags.container ?? env['TGSESSION_CONTAINER'] ?? '').trim() !== ''
}

/** Opens the container that flags and environment name, and closes it after `use`. */
export async function withContainer<T>(
  context: Context,
  flags: WhichSession,
  use: (container: BareContainer) => Promise<T>,
): Promise<T> {
  const settings = await settingsOf(context, flags, { container: true })
  const { container: where, identities, encryption, label, leaseTtlMs: ttlMs } = settings
  if (!where) throw new TypeError('settings read without { container: true }')
  const [key, ...previousKeys] = identities
  const keys = { key, previousKeys, plainKeys: encryption === 'none' }
  // No other command needs Kysely.
  const { BareContainer } = await import('../container/bare-container.ts')
  const container = new BareContainer(where.url, { ...keys, tablePrefix: where.tablePrefix, label, ttlMs })
  try {
    return await use(container)
  } finally {
    await container.close()
  }
}

export async function settingsOf(
  context: Context,
  flags: WhichSession,
  needs: Needs = {},
): Promise<Settings> {
  const given = Object.entries({
    TGSESSION_STORE: flags.store,
    TGSESSION_CONTAINER: flags.container,
    TGSESSION_NAME: flags.name,
  })
  const env = { ...context.env, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) }
  return await readSettings(env, needs)
}

/** Opens the replica that flags and environment name, and closes its store when `use` is over. */
export async function withReplica<T>(
  context: Context,
  flags: WhichSession,
  use: (replica: Replica, settings: Settings) => Promise<T>,
): Promise<T> {
  return await usingReplica(await settingsOf(context, flags, { store: true }), use)
}

/** The same for settings that were already read. `tellTrouble` is called if the store could not be reached. */
export async function usingReplica<T>(
  settings: Settings,
  use: (replica: Replica, settings: Settings) => Promise<T>,
  tellTrouble: (error: Error) => void = onTrouble,
): Promise<T> {
  const replica = await openReplica(settings, {
    onWarning: () => writeAbove('tgsession: an old revision could not be removed from the store\n'),
    onTrouble: tellTrouble,
  })
  try {
    return await use(replica, settings)
  } finally {
    await replica.store.close()
  }
}
