/**
 * A container of sessions, beside SQLAlchemy doing the same upserts.
 *
 *     node --expose-gc bench/container.ts [--sessions=200] [--entities=10000] [--seconds=10] [--rate=1000] [--kind=postgres]
 *
 * Prints seconds and rates, and the ratio to SQLAlchemy. Databases: as the tests have them (test/support/requires.ts).
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Entity } from '../src/session/storage.ts'
import { BareContainer } from '../src/container/bare-container.ts'
import { KEY, MARIADB, POSTGRES, SQLITE } from '../test/container/databases.ts'
import { PYTHON } from '../test/support/requires.ts'

const number = { type: 'string' } as const
const { values } = parseArgs({
  options: { sessions: number, entities: number, seconds: number, rate: number, kind: number },
})
const SESSIONS = Number(values.sessions ?? 200)
const ENTITIES = Number(values.entities ?? 10_000)
const SECONDS = Number(values.seconds ?? 10)
const RATE = Number(values.rate ?? 1000)
const kind = [POSTGRES, MARIADB, SQLITE].find((one) => one.kind === (values.kind ?? 'postgres')) ?? POSTGRES

const print = (text: string): void => void process.stdout.write(`${text}\n`)
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
print(`${kind.name}: ${SESSIONS} sessions with ${ENTITIES} entities each`)

const filling = await secondsOf(async () => {
  for (const id of ids) {
    const opened = await container.open(id)
    opened.session.core.upsert(Array.from({ length: ENTITIES }, (_, i) => entity(i + 1)))
    await opened.close()
  }
})
const rows = SESSIONS * ENTITIES
print(`fill: ${filling.toFixed(1)} s, ${Math.round(rows / filling)} upserts/s, through one session at a time`)

const empty = memory()
const opened = await Promise.all(ids.slice(0, 1).map((id) => container.open(id)))
const loading = await secondsOf(async () => {
  for (const id of ids.slice(1)) opened.push(await container.open(id))
})
const perSession = (memory() - empty) / SESSIONS
print(`load: ${((loading / Math.max(1, SESSIONS - 1)) * 1000).toFixed(1)} ms a session`)
print(
  `memory: ${(perSession / 2 ** 20).toFixed(1)} MiB a session${globalThis.gc ? '' : ' (inexact without --expose-gc)'}`,
)

const core = opened[0]?.session.core
const LOOKUPS = 200_000
for (const [by, look] of [
  ['id', (i: number) => core?.findById(BigInt((i % ENTITIES) + 1), true)],
  ['username', (i: number) => core?.findByText(`user${(i % ENTITIES) + 1}`)],
] as const) {
  for (let i = 0; i < LOOKUPS; i += 1) look(i)
  const took = await secondsOf(async () => {
    for (let i = 0; i < LOOKUPS; i += 1) look(i)
  })
  print(`look-up by ${by}: ${((took / LOOKUPS) * 1e6).toFixed(2)} µs`)
}

let written = 0
let worst = 0
const sustained = await secondsOf(async () => {
  for (let tick = 0; tick < SECONDS * 10; tick += 1) {
    const began = performance.now()
    for (let i = 0; i < RATE / 10; i += 1) {
      const id = Math.floor(Math.random() * ENTITIES) + 1
      opened[written % SESSIONS]?.session.core.upsert([entity(id, tick + 1)])
      written += 1
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 100 - (performance.now() - began))))
    worst = Math.max(worst, ...opened.map((one) => one.session.storage.queued))
  }
  await Promise.all(opened.map((one) => one.session.flush()))
})
print(
  `sustained: ${Math.round(written / sustained)} upserts/s asked for ${RATE}; at most ${worst} waiting in a session`,
)
await container.close()

/** The same statements by SQLAlchemy: one row a transaction, as a Telethon program that meets one peer, and 100. */
const script = path.join(import.meta.dirname, '../test/container/alchemy.py')
const url = database.url.replace(/^sqlite:/, 'sqlite:///')
for (const size of [1, 100]) {
  const { status, stdout, stderr } = spawnSync(PYTHON, [script, url, '', 'upsert', '2000', String(size)], {
    encoding: 'utf8',
  })
  if (status !== 0) print(`SQLAlchemy: ${stderr.trim().split('\n').at(-1)}`)
  else
    print(
      `SQLAlchemy, ${size} a transaction: ${Math.round(Number(stdout))} upserts/s; ours ${(rows / filling / Number(stdout)).toFixed(1)} times that`,
    )
}
await database.drop()
