/**
 * A container of many sessions, beside SQLAlchemy doing the same upserts on the same tables.
 *
 *     node --expose-gc bench/container.ts [--sessions=200] [--entities=10000] [--seconds=10] [--rate=1000]
 *         [--kind=postgres] [--json]
 *
 * The first session is filled through the container; the others are copies of its rows, made by SQL. Then all are opened
 * at once and stay open, `rate` upserts a second go to sessions drawn at random, and at the end as many rows as
 * SQLAlchemy upserts go through one session. SQLAlchemy and we take turns, three times; rates are medians. Databases:
 * as the tests have them (test/support/requires.ts).
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BareContainer } from '../src/container/bare-container.ts'
import type { HeldSession } from '../src/container/held-session.ts'
import type { Entity } from '../src/session/core/storage.ts'
import { KEY, MARIADB, POSTGRES, SQLITE } from '../test/container/databases.ts'
import { PYTHON } from '../test/support/requires.ts'
import { median } from './stage.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    sessions: text,
    entities: text,
    seconds: text,
    rate: text,
    kind: text,
    json: { type: 'boolean' },
  },
})
const SESSIONS = Number(values.sessions ?? 200)
const ENTITIES = Number(values.entities ?? 10_000)
const SECONDS = Number(values.seconds ?? 10)
const RATE = Number(values.rate ?? 1000)
const TICK_MS = 50
const LOOKUPS = 200_000
const ROUNDS = 3
const kind = [POSTGRES, MARIADB, SQLITE].find((one) => one.kind === (values.kind ?? 'postgres')) ?? POSTGRES

interface Line {
  what: string
  value: string
  /** Empty where there is no target. */
  target: string
  reached: boolean | null
}
const lines: Line[] = []
const numbers: Record<string, number> = {}
function note(
  name: string,
  what: string,
  value: number,
  unit: string,
  target?: { least?: number; most?: number },
): void {
  const { least = -Infinity, most = Infinity } = target ?? {}
  numbers[name] = value
  const digits = value < 10 ? 2 : value < 1000 ? 1 : 0
  lines.push({
    what,
    value: `${value.toFixed(digits)} ${unit}`,
    target: target === undefined ? '' : `${least > 0 ? `≥ ${least}` : `≤ ${most}`} ${unit}`,
    reached: target === undefined ? null : value >= least && value <= most,
  })
}

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
const entity = (id: number, round = 0): Entity => ({
  id: BigInt(id),
  hash: BigInt(id) * 7919n + BigInt(round),
  username: `user${id}`,
  phone: null,
  name: `Name ${id}`,
})
const memory = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const database = await kind.make()
const container = new BareContainer(database.where, { key: KEY })
const ids = Array.from({ length: SESSIONS }, (_, i) => `bench-${i}`)

async function fill(id: string, count: number): Promise<void> {
  const opened = await container.open(id)
  opened.session.core.upsert(Array.from({ length: count }, (_, i) => entity(i + 1)))
  await opened.close()
}

await fill('bench-0', ENTITIES)
for (const id of ids.slice(1))
  await database.run(
    `INSERT INTO entities SELECT '${id}', id, hash, username, phone, name FROM entities WHERE session_id = 'bench-0'`,
    `INSERT INTO tgsession_entities SELECT '${id}', id, written FROM tgsession_entities WHERE session_id = 'bench-0'`,
  )

const empty = memory()
const opened: HeldSession[] = []
const loading = await secondsOf(async () => {
  for (const id of ids) opened.push(await container.open(id))
})
note('loadMs', 'load, a session', (loading / SESSIONS) * 1000, 'ms')
note('memoryMiB', 'memory, a session', (memory() - empty) / SESSIONS / 2 ** 20, 'MiB')

const first = opened[0]?.session.core
for (const [by, look] of [
  ['id', (i: number) => first?.findById(BigInt((i % ENTITIES) + 1), true)],
  ['username', (i: number) => first?.findByText(`user${(i % ENTITIES) + 1}`)],
] as const) {
  for (let i = 0; i < LOOKUPS; i += 1) look(i)
  // Of the processor: nothing else is waited for, and others may share the machine.
  const before = process.cpuUsage()
  for (let i = 0; i < LOOKUPS; i += 1) look(i)
  note(`${by}LookUpUs`, `look-up by ${by}, CPU`, process.cpuUsage(before).user / LOOKUPS, 'µs', { most: 2 })
}

/** On a timetable: a late tick does not put off the next. */
let asked = 0
let mostQueued = 0
/** Before it changes are gathered, and nothing is written. */
const WARM_MS = 2000
let warm: { at: number; written: number } | undefined
const queued = (): number => opened.reduce((sum, one) => sum + one.session.storage.queued, 0)
const began = performance.now()
for (let tick = 1; tick <= (SECONDS * 1000) / TICK_MS; tick += 1) {
  for (; asked < (tick * RATE * TICK_MS) / 1000; asked += 1)
    opened[Math.floor(Math.random() * SESSIONS)]?.session.core.upsert([
      entity(Math.floor(Math.random() * ENTITIES) + 1, asked + 1),
    ])
  mostQueued = Math.max(mostQueued, queued())
  if (tick * TICK_MS >= WARM_MS) warm ??= { at: performance.now(), written: asked - queued() }
  await sleep(Math.max(0, began + tick * TICK_MS - performance.now()))
}
const ended = performance.now()
const written = asked - queued()
const draining = await secondsOf(() => Promise.all(opened.map((one) => one.session.flush())))
note('offered', 'sustained, offered', (asked / (ended - began)) * 1000, '/s')
const { at, written: before } = warm ?? { at: began, written: 0 }
note('written', 'sustained, written', ((written - before) / (ended - at)) * 1000, '/s', {
  least: RATE * 0.98,
})
note('mostQueued', 'sustained, most that waited', mostQueued, 'rows')
note('drainMs', 'sustained, written after the last', draining * 1000, 'ms')
await container.close()

/** Of telethon-session-sqlalchemy: the ORM's merge, its subclass for Postgres; and what SQLAlchemy could do. */
const script = path.join(import.meta.dirname, '../test/container/alchemy.py')
const url = database.url.replace(/^sqlite:/, 'sqlite:///')
const WAYS = [
  ['merge1', 'ORM, 1 a transaction', 2000, 1, 'merge'],
  ['merge100', 'ORM, 100 a transaction', 5000, 100, 'merge'],
  ['many100', 'executemany, 100 a transaction', 10_000, 100, 'many'],
  ['many', 'executemany, 1000 a transaction', 10_000, 1000, 'many'],
  ['values', 'one INSERT of 1000 rows', 10_000, 1000, 'values'],
] as const
const ours: number[] = []
const theirs = new Map<string, number[]>()
for (let round = 0; round < ROUNDS; round += 1) {
  const again = new BareContainer(database.where, { key: KEY })
  await again.deleteSession('rate')
  const session = await again.open('rate')
  const took = await secondsOf(async () => {
    session.session.core.upsert(Array.from({ length: 10_000 }, (_, i) => entity(i + 1)))
    await session.session.flush()
  })
  ours.push(10_000 / took)
  await session.close()
  await again.close()
  for (const [name, , rows, size, how] of WAYS) {
    await database.run(`DELETE FROM entities WHERE session_id = 'bench'`)
    const args = [script, url, '', 'upsert', String(rows), String(size), how]
    const { status, stdout, stderr } = spawnSync(PYTHON, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`SQLAlchemy: ${stderr.trim().split('\n').at(-1)}`)
    theirs.set(name, [...(theirs.get(name) ?? []), Number(stdout)])
  }
}
note('upserts', 'upserts, 10000 in one go (two tables)', median(ours), '/s')
for (const [name, what] of WAYS) {
  const rate = median(theirs.get(name) ?? [])
  note(name, `SQLAlchemy, ${what}`, rate, '/s')
  const target = name === 'values' || kind !== POSTGRES ? undefined : { least: 5 }
  note(`${name}Ratio`, '  ours against it', median(ours) / rate, 'times', target)
}
await database.drop()

if (values.json === true)
  process.stdout.write(
    `${JSON.stringify({ kind: kind.kind, sessions: SESSIONS, entities: ENTITIES, rate: RATE, ...numbers })}\n`,
  )
else {
  process.stdout.write(`${kind.name}: ${SESSIONS} sessions with ${ENTITIES} entities each\n`)
  const widths = (['what', 'value', 'target'] as const).map((column) =>
    Math.max(...lines.map((line) => line[column].length)),
  )
  for (const { what, value, target, reached } of lines) {
    const verdict = reached === null ? '' : reached ? 'reached' : 'MISSED'
    const cells = [what.padEnd(widths[0] ?? 0), value.padStart(widths[1] ?? 0), target.padEnd(widths[2] ?? 0)]
    process.stdout.write(`  ${[...cells, verdict].join('  ').trimEnd()}\n`)
  }
}
