/** `node fuzz-child.ts INPUTS SEED`: mutated sessions through open, inspect and convert; see fuzz.test.ts. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import initSqlJs from 'sql.js'
import { TgsessionError } from '../../src/base/errors.ts'
import {
  convertToFile,
  convertToString,
  inspectSession,
  readStoreSession,
  verifySession,
} from '../../src/index.ts'
import { SQLiteSession } from '../../src/gramjs.ts'
import { files, storeFolder, strings, traces } from './fuzz-sources.ts'

const FORMATS = ['telethon', 'gramjs', 'pyrogram', 'mtcute'] as const
const GIVEN = { apiId: 1, userId: 1n, isBot: false }
/** Milliseconds of processor that one input may take, with all that is done to it; a busy machine takes none of them. */
const MOST_MS = 5000

const [inputs = 100, seed = 1] = process.argv.slice(2).map(Number)
const { Database } = await initSqlJs()
const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-fuzz-'))
const secrets = traces()

interface Change {
  kind: 'set' | 'cut' | 'insert' | 'double' | 'zero'
  /** A part of the length. */
  at: number
  bytes: Uint8Array
}
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('set', 'cut', 'insert', 'double', 'zero'),
  // The header and the schema are where most depends on a byte.
  at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.02, noNaN: true })),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
})
const changes = fc.array(change, { minLength: 1, maxLength: 6 })
const sqlite = await files()
const texts = strings().map((text) => new Uint8Array(Buffer.from(text)))
const store = storeFolder()

function mutate(bytes: Uint8Array, { kind, at, bytes: more }: Change): Uint8Array {
  const offset = Math.floor(at * bytes.length)
  const [head, tail] = [bytes.subarray(0, offset), bytes.subarray(offset)]
  switch (kind) {
    case 'set':
      return Uint8Array.from(Buffer.concat([head, more, tail.subarray(more.length)]))
    case 'cut':
      return Uint8Array.from(Buffer.concat([head, tail.subarray(more[0] ?? 1)]))
    case 'insert':
      return Uint8Array.from(Buffer.concat([head, more, tail]))
    case 'double':
      return Uint8Array.from(Buffer.concat([bytes, tail]))
    case 'zero':
    default:
      return Uint8Array.from(bytes).fill(0, offset, offset + 64)
  }
}

/** A whole database in which one column holds what it should not. */
function misfill(bytes: Uint8Array, which: number, value: string | number | Uint8Array | null): Uint8Array {
  const db = new Database(bytes)
  const columns = db.exec(
    `select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`,
  )
  const all = columns[0]?.values ?? []
  const [table, column] = all[which % all.length] ?? []
  try {
    db.run(`update "${String(table)}" set "${String(column)}" = ?`, [value])
  } catch {
    // A constraint that forbids the value: the file stays as it is.
  }
  const made = db.export()
  db.close()
  return made
}

const value = fc.oneof(
  fc.constantFrom(null, '', -1, 0, 1e300, 2 ** 53, -(2 ** 63), 'text', new Uint8Array(), new Uint8Array(256)),
  fc.string({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.double(),
)

let count = 0
let sound = 0

async function own(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    assert.ok(error instanceof TgsessionError, error instanceof Error ? error.stack : String(error))
    let said = error.hint
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      said += cause.stack ?? cause.message
    for (const secret of secrets) assert.ok(!said.includes(secret), 'a secret in a message')
    return false
  }
}

/** What it is converted to: a string, and a file of this version. */
interface Target {
  format: (typeof FORMATS)[number]
  version: number | undefined
}

async function timed(work: () => Promise<void>): Promise<void> {
  const began = process.cpuUsage()
  await work()
  count++
  const took = process.cpuUsage(began)
  const tookMs = (took.user + took.system) / 1000
  assert.ok(tookMs < MOST_MS, `${tookMs} ms`)
}

const tryBytes = (bytes: Uint8Array, { format, version }: Target): Promise<void> =>
  timed(async () => {
    if (await own(() => inspectSession(bytes))) sound++
    await own(() => verifySession(bytes))
    await own(() => convertToFile(bytes, { version }))
    await own(() => convertToString(bytes, format, GIVEN))
    await own(async () => {
      const opened = await SQLiteSession.fromBytes(bytes)
      try {
        opened.getUpdateStates()
        opened.processEntities([{ className: 'User', id: 5n, accessHash: 6n, username: 'some_one' }])
        opened.getInputEntity('some_one')
        await opened.toBytes()
      } finally {
        await opened.delete()
      }
    })
  })

const tryFolder = (which: number, by: Change[], { format, version }: Target): Promise<void> =>
  timed(async () => {
    const place = path.join(folder, String(count))
    await mkdir(place)
    for (const [index, [name, text]] of Object.entries(store).entries()) {
      const bytes = new Uint8Array(Buffer.from(text))
      const isHit = index === which % Object.keys(store).length
      await writeFile(path.join(place, name), isHit ? by.reduce(mutate, bytes) : bytes)
    }
    await own(async () => {
      const session = await readStoreSession(place)
      sound++
      await own(() => convertToFile(session, { version }))
      await own(() => convertToString(session, format, GIVEN))
    })
    await rm(place, { recursive: true })
  })

type Work = () => Promise<void>
const file = fc.constantFrom(...sqlite)
const text = fc.constantFrom(...texts)
const to: fc.Arbitrary<Target> = fc.record({
  format: fc.constantFrom(...FORMATS),
  version: fc.constantFrom(undefined, 4, 7),
})
const work: fc.Arbitrary<Work> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(file, changes, to).map<Work>(
      ([source, by, target]) =>
        () =>
          tryBytes(by.reduce(mutate, source), target),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(file, fc.nat(999), value, to).map<Work>(
      ([source, which, what, target]) =>
        () =>
          tryBytes(misfill(source, which, what), target),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(text, changes, to).map<Work>(
      ([source, by, target]) =>
        () =>
          tryBytes(by.reduce(mutate, source), target),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), changes, to).map<Work>(
      ([which, by, target]) =>
        () =>
          tryFolder(which, by, target),
    ),
  },
)
await fc.assert(
  fc.asyncProperty(work, (run) => run()),
  { numRuns: inputs, seed, endOnFailure: true },
)

await rm(folder, { recursive: true })
console.log(
  JSON.stringify({ inputs: count, sound, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }),
)
process.exit(0)
