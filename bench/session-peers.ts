/** One session implementation, in a process of its own: `node session-peers.ts PEER FILE COUNT RUNS CLOCK`; prints JSON. */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import bigInt from 'big-integer'

/** Microseconds, unless the name says MB. */
export type Measures = Record<string, number>

/** Some peer's way to do what is measured. */
interface Subject {
  find(key: string | number): unknown
  /** Each round: thousand peers that are new. */
  upsert(round: number): void
  save?: () => Promise<void>
  findsIdsOnly?: boolean
  /** What is there once per process (the WebAssembly of SQLite) is there by then. */
  openAgain?: () => Promise<void>
}

type Opener = (file: string, count: number) => Promise<() => Promise<Subject>>

export const usernameOf = (k: number): string => `user${k}x`
export const phoneOf = (k: number): number => 10_000_000_000 + k
export const nameOf = (k: number): string => `First Last ${k}`
/** How often what is not a first time is measured; the best counts. It takes V8 some until it has compiled it. */
const TIMES = 6
const ROWS = 'select id, cast(hash as text) as hash, username, phone, name from entities'

async function newUsers(count: number): Promise<object[][]> {
  const { Api } = await import('telegram/tl/index.js')
  const user = (round: number, k: number): object => {
    const id = bigInt(count + 1 + round * 1000 + k)
    return new Api.User({ id, accessHash: bigInt(k), username: `new${round}x${k}x`, firstName: 'New' })
  }
  return Array.from({ length: 1 + TIMES }, (_, round) =>
    Array.from({ length: 1000 }, (__, k) => user(round, k)),
  )
}

/** The client library is loaded before the clock starts: every bot has it loaded. */
const ours: Opener = async (file, count) => {
  const { SQLiteSession } = await import('../src/gramjs.ts')
  const users = await newUsers(count)
  return async () => {
    const session = new SQLiteSession(file)
    await session.load()
    return {
      find: (key) => session.getInputEntity(key),
      upsert: (round) => session.processEntities(users[round]),
      save: () => session.save(),
      openAgain: async () => {
        await session.close()
        await session.load()
      },
    }
  }
}

const gramjsMemory: Opener = async (file, count) => {
  const { MemorySession } = await import('telegram/sessions/index.js')
  const users = await newUsers(count)
  const { DatabaseSync } = await import('node:sqlite')
  return async () => {
    const session = new MemorySession()
    const kept = session['_entities']
    for (const row of new DatabaseSync(file).prepare(ROWS).iterate())
      kept.add([
        String(row['id']),
        bigInt(String(row['hash'])),
        row['username'],
        String(row['phone']),
        row['name'],
      ])
    return {
      find: (key) => session.getInputEntity(key),
      upsert: (round) => session.processEntities(users[round]),
    }
  }
}

const gramjsStore: Opener = async (file, count) => {
  const { StoreSession } = await import('telegram/sessions/index.js')
  const { Api } = await import('telegram/tl/index.js')
  const users = await newUsers(count)
  const { DatabaseSync } = await import('node:sqlite')
  const folder = `${file}.store`
  const filled = new StoreSession(folder)
  const rows = new DatabaseSync(file).prepare(ROWS).all()
  const known = rows.map(
    ({ id, hash, username, phone, name }) =>
      new Api.User({
        id: bigInt(String(id)),
        accessHash: bigInt(String(hash)),
        username: String(username),
        phone: String(phone),
        firstName: String(name),
      }),
  )
  filled.processEntities(known)
  return async () => {
    const session = new StoreSession(folder)
    await session.load()
    return {
      find: (key) => session.getInputEntity(key),
      upsert: (round) => session.processEntities(users[round]),
      // What it has on disk it finds by nothing else.
      findsIdsOnly: true,
    }
  }
}

const columnOf = (key: string | number): 'id' | 'username' | 'phone' | 'name' =>
  typeof key === 'number' ? 'id' : key[0] === '@' ? 'username' : key[0] === '+' ? 'phone' : 'name'

const nodeSqlite: Opener = async (file, count) => {
  const { DatabaseSync } = await import('node:sqlite')
  return async () => {
    const db = new DatabaseSync(file)
    const by = (column: string) => db.prepare(`${ROWS} where ${column} = ? order by date desc limit 1`)
    const statements = { id: by('id'), username: by('username'), phone: by('phone'), name: by('name') }
    const indexed = new Set<string>()
    const put = db.prepare('insert or replace into entities values (?, ?, ?, ?, ?, ?)')
    return {
      find: (key) => {
        const name = columnOf(key)
        if (name !== 'id' && !indexed.has(name)) {
          db.exec(`create index if not exists bench_${name} on entities (${name})`)
          indexed.add(name)
        }
        const value = name === 'username' ? String(key).slice(1) : name === 'phone' ? Number(key) : key
        return statements[name].get(value) ?? fail(String(key))
      },
      upsert: (round) => {
        db.exec('begin')
        for (let k = 0; k < 1000; k++)
          put.run(count + 1 + round * 1000 + k, k, `new${round}x${k}x`, null, 'New', 1)
        db.exec('commit')
      },
    }
  }
}

function fail(what: string): never {
  throw new Error(`not found: ${what}`)
}

const PEERS: Readonly<Record<string, Opener>> = {
  ours,
  'GramJS MemorySession': gramjsMemory,
  'GramJS StoreSession': gramjsStore,
  'node:sqlite': nodeSqlite,
}
export const PEER_NAMES = Object.keys(PEERS)

const MB = 1024 * 1024

export type Clock = 'wall' | 'cpu'

/** Microseconds: of the clock on the wall, or of work of the processor for this process, all threads of it. */
export function microseconds(clock: Clock): number {
  if (clock === 'wall') return performance.now() * 1000
  const { user, system } = process.cpuUsage()
  return user + system
}

const clock: Clock = process.argv[6] === 'cpu' ? 'cpu' : 'wall'
const now = (): number => microseconds(clock)

async function timed(work: () => unknown): Promise<number> {
  const begin = now()
  await work()
  return now() - begin
}

async function best(measured: () => number | Promise<number>): Promise<number> {
  const all: number[] = []
  for (let k = 0; k < TIMES; k++) all.push(await measured())
  return Math.min(...all)
}

function each(subject: Subject, key: (k: number) => string | number, count: number, runs: number): number {
  const keys = Array.from({ length: runs }, (_, k) => key((k * 7919) % count))
  const begin = now()
  for (const one of keys) if (subject.find(one) === undefined) fail(String(one))
  return (now() - begin) / runs
}

/** What V8 sets aside for short-lived objects is Node's own, and any program's within its first seconds. */
function fillYoungGeneration(): void {
  let kept: object[] = []
  for (let k = 0; k < 3_000_000; k++) {
    kept.push({ k })
    if (kept.length > 50_000) kept = []
  }
}

/** Resident, without garbage: V8 gives pages back in steps. */
async function residentMb(): Promise<number> {
  for (let k = 0; k < 5; k++) {
    globalThis.gc?.()
    await setTimeout(50)
  }
  return process.memoryUsage().rss / MB
}

async function measure(peer: string, file: string, count: number, runs: number): Promise<Measures> {
  const opener = PEERS[peer] ?? fail(peer)
  const open = await opener(file, count)
  fillYoungGeneration()
  const ownMb = await residentMb()
  const begin = now()
  const subject = await open()
  const result: Measures = { open: now() - begin }
  const { openAgain } = subject
  if (openAgain) result['open again'] = await best(() => timed(openAgain))
  result['id first'] = each(subject, (k) => k + 1, count, runs)
  result['id'] = await best(() => each(subject, (k) => k + 1, count, runs))
  const texts: [string, (k: number) => string][] = [
    ['username', (k) => `@${usernameOf(k)}`],
    ['phone', (k) => `+${phoneOf(k)}`],
    ['name', nameOf],
  ]
  // GramJS reads all that it has; the others have an index after the first.
  const many = peer.startsWith('GramJS') ? Math.max(3, Math.min(runs, Math.trunc(2_000_000 / count))) : runs
  for (const [name, key] of subject.findsIdsOnly ? [] : texts) {
    result[`${name} first`] = each(subject, key, count, 1)
    // Warmed up: V8 compiles SQLite's WebAssembly while it runs.
    each(subject, (k) => key(count - 1 - k), count, many)
    result[name] = await best(() => each(subject, key, count, many))
  }
  result['used to read MB'] = (await residentMb()) - ownMb
  result['1000 upserts first'] = await timed(() => subject.upsert(0))
  const { save = async () => undefined } = subject
  await save()
  const [upserts, saved]: [number[], number[]] = [[], []]
  for (let round = 1; round <= TIMES; round++) {
    upserts.push(await timed(() => subject.upsert(round)))
    saved.push((upserts.at(-1) ?? 0) + (await timed(save)))
  }
  result['1000 upserts'] = Math.min(...upserts)
  result['1000 upserts, saved'] = Math.min(...saved)
  result['used MB'] = (await residentMb()) - ownMb
  result['peak MB'] = process.resourceUsage().maxRSS / 1024 - ownMb
  return result
}

if (import.meta.main) {
  const [peer = '', file = '', count, runs] = process.argv.slice(2)
  // As SQLite and the libraries find it in use: in the page cache.
  readFileSync(file)
  const result = await measure(peer, file, Number(count), Number(runs))
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}
