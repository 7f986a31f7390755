import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FakeDc, type FakeDcEvent } from '../../src/fake-dc/fake-dc.ts'
import { logIn } from '../../src/login/login.ts'
import { Cipher } from '../../src/seal/cipher.ts'
import { Replica } from '../../src/replica/replica.ts'
import { run, type RunOptions, Stop } from '../../src/run/command/run.ts'
import { verifySession } from '../../src/session/inspect.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { until } from './until.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { steadyClock } from './steady-clock.ts'

export const API_ID = 12345
export const API_HASH = '0123456789abcdef0123456789abcdef'
export const ACCOUNT = {
  phone: '+15550001234',
  code: '24680',
  password: 'correct horse battery staple',
  userId: 777_001n,
  firstName: 'Rig',
  username: 'rig_user',
}
export const BOT = { token: '4242:AAEexampleexampleexampleexampleexam', userId: 4242n, username: 'rig_bot' }
export const TTL_MS = 5000

/** A data centre with one user and one bot. */
export async function startDc(events: FakeDcEvent[] = []): Promise<FakeDc> {
  return await FakeDc.start({ accounts: [ACCOUNT], bots: [BOT], onEvent: (event) => events.push(event) })
}

/** A session file as our own login makes it; each call makes a new key. */
export async function makeSession(dc: FakeDc, kind: 'user' | 'bot' = 'user'): Promise<Uint8Array> {
  const asker = {
    phone: () => Promise.resolve(ACCOUNT.phone),
    code: () => Promise.resolve(ACCOUNT.code),
    password: () => Promise.resolve(ACCOUNT.password),
  }
  const { host, port, publicKeyPem } = dc
  const { session } = await logIn(kind === 'user' ? { kind, asker } : { kind, token: BOT.token }, {
    apiId: API_ID,
    apiHash: API_HASH,
    dc: { host, port, publicKeyPem },
    timeoutMs: 10 * 60_000,
    attempts: { begin: () => Promise.resolve(), blocked: () => Promise.resolve() },
  })
  return session
}

export function openTestReplica(store: ObjectStore, label = 'worker.1', leaseTtlMs = TTL_MS): Replica {
  const cipher = new Cipher({ encryption: 'none', identities: [], recipient: undefined })
  return new Replica({
    store,
    name: 'main',
    cipher,
    verify: verifySession,
    label,
    leaseTtlMs,
    clock: steadyClock,
  })
}

export interface Reported {
  event: string
  fields: Record<string, string | number | boolean | null>
}

/** One `run()` in this process, and what it reported. The command must not write to stdout: the test runner reads that. */
export class Running {
  readonly events: Reported[] = []
  readonly ended: Promise<number>
  readonly #stop = new AbortController()

  constructor(replica: Replica, argv: readonly string[], options: Partial<RunOptions> = {}) {
    this.ended = run(replica, {
      argv,
      env: process.env,
      stop: this.#stop.signal,
      forwards: () => true,
      shutdownMs: 60_000,
      clock: steadyClock,
      quietMs: 100,
      maxMs: 1000,
      report: (event, fields = {}) => this.events.push({ event, fields }),
      ...options,
    })
    this.ended.catch(() => undefined)
  }

  get names(): string[] {
    return this.events.map(({ event }) => event)
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#stop.abort(new Stop(signal))
  }

  count(event: string): number {
    return this.names.filter((name) => name === event).length
  }

  /** The fields of the `nth` report of this event, once it is there. */
  async saw(event: string, nth = 1): Promise<Reported['fields']> {
    const find = (): Reported | undefined => this.events.filter((one) => one.event === event)[nth - 1]
    const found = await until(find, `${event} (${nth})`).catch((error: unknown) => {
      throw new Error(`${String(error)}; reported: ${this.names.join(', ')}`, { cause: error })
    })
    return found.fields
  }
}

/** Linux only. A zombie is not alive: in a container nobody may reap it. */
export function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return !/^State:\s+[ZX]/m.test(status)
  } catch {
    return false
  }
}

/** The names of the entities in a session file's bytes. */
export async function entityNames(bytes: Uint8Array): Promise<string[]> {
  const file = path.join(temporaryFolder(), 'look.session')
  await writeFile(file, bytes)
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare('SELECT name FROM entities WHERE id <> 0 ORDER BY name').all()
  database.close()
  return rows.map((row) => String(row['name']))
}

/** What must stand in no output: the beginning of the file's auth key, as each text that it may be written as. */
export function keyTexts(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const key = database.prepare('SELECT auth_key FROM sessions').get()?.['auth_key']
  database.close()
  if (!(key instanceof Uint8Array) || key.length !== 256) throw new Error(`${file} holds no key`)
  const forms = ['hex', 'base64', 'base64url'] as const
  return forms.map((form) => Buffer.from(key).toString(form).slice(0, 40))
}
