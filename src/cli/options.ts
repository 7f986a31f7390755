import { Command } from 'commander'
import { openReplica } from '../config/open-replica.ts'
import { type Needs, readSettings, type Settings } from '../config/settings.ts'
import type { Replica } from '../replica/replica.ts'
import type { Context } from './context.ts'
import { writeAbove } from './status-line.ts'

/** Which session a command is about; flags win over the environment. */
export interface WhichSession {
  store?: string
  name?: string
}

export function sessionCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--store <url>', 'where sessions are kept (TGSESSION_STORE)')
    .option('--name <name>', 'which session (TGSESSION_NAME, default main)')
}

export async function settingsOf(
  context: Context,
  flags: WhichSession,
  needs: Needs = {},
): Promise<Settings> {
  const given = Object.entries({ TGSESSION_STORE: flags.store, TGSESSION_NAME: flags.name })
  const env = { ...context.env, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) }
  return await readSettings(env, needs)
}

/** Opens the replica that flags and environment name, and closes its store when `use` is over. */
export async function withReplica<T>(
  context: Context,
  flags: WhichSession,
  use: (replica: Replica, settings: Settings) => Promise<T>,
  options: { needs?: Needs; onTrouble?: (error: Error) => void } = {},
): Promise<T> {
  const settings = await settingsOf(context, flags, { store: true, ...options.needs })
  return await usingReplica(settings, use, options)
}

/** The same for settings that were read already. */
export async function usingReplica<T>(
  settings: Settings,
  use: (replica: Replica, settings: Settings) => Promise<T>,
  options: { onTrouble?: (error: Error) => void } = {},
): Promise<T> {
  const replica = await openReplica(settings, {
    onWarning: () => writeAbove('tgsession: an old revision could not be removed from the store\n'),
    onTrouble: options.onTrouble,
  })
  try {
    return await use(replica, settings)
  } finally {
    await replica.store.close()
  }
}
