/** `node fuzz-child.ts INPUTS SEED`: mutated sessions through open, inspect and convert; see fuzz.test.ts. */
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { TgsessionError } from '../../src/errors.ts'
import {
  convertToFile,
  convertToString,
  encodeSessionString,
  inspectSession,
  SQLiteSession,
} from '../../src/index.ts'
import { readAnySession } from '../../src/session/read-session.ts'
import { database, KEY, SCHEMAS } from '../fixtures/session/schemas.ts'

const FORMATS = ['telethon', 'gramjs', 'pyrogram', 'mtcute'] as const
/** Milliseconds that one input may take, with all that is done to it, on a busy machine. */
const MOST_MS = 5000

const [inputs, seed] = process.argv.slice(2).map(Number)
const files = await Promise.all(Object.values(SCHEMAS).map(async ({ sql }) => await database(sql)))
const { session } = await readAnySession(files.at(-1) ?? new Uint8Array())
const whole = { ...session, dcId: 2, authKey: KEY, apiId: 12_345, userId: 777n, isBot: false }
const strings = FORMATS.map((format) => new Uint8Array(Buffer.from(encodeSessionString(format, whole))))

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
const input = fc.record({
  source: fc.constantFrom(...files, ...strings),
  changes: fc.array(change, { minLength: 1, maxLength: 6 }),
})

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

const secrets = [
  Buffer.from(KEY).toString('hex'),
  ...strings.map((text) => Buffer.from(text).toString()),
].map((text) => text.slice(40, 60))

let sound = 0
async function own(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    assert.ok(error instanceof TgsessionError, error instanceof Error ? error.stack : String(error))
    const said = `${error.message} ${error.hint} ${String(error.cause)}`
    for (const secret of secrets) assert.ok(!said.includes(secret), 'a secret in a message')
    return false
  }
}

let count = 0
await fc.assert(
  fc.asyncProperty(input, async ({ source, changes }) => {
    const bytes = changes.reduce(mutate, source)
    const begin = performance.now()
    if (await own(() => inspectSession(bytes))) sound++
    await own(() => convertToFile(bytes))
    for (const format of FORMATS)
      await own(() => convertToString(bytes, format, { apiId: 1, userId: 1n, isBot: false }))
    await own(async () => {
      const opened = await SQLiteSession.fromBytes(bytes)
      try {
        opened.getUpdateStates()
        opened.processEntities([{ className: 'User', id: 5n, accessHash: 6n, username: 'some_one' }])
        opened.getInputEntity('some_one')
        opened.toBytes()
      } finally {
        await opened.delete()
      }
    })
    count++
    const tookMs = performance.now() - begin
    assert.ok(tookMs < MOST_MS, `${tookMs} ms`)
  }),
  { numRuns: inputs ?? 100, seed: seed ?? 1, endOnFailure: true },
)
console.log(
  JSON.stringify({ inputs: count, sound, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }),
)
process.exit(0)
