import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { TgsessionError } from '../../src/base/errors.ts'
import { EMPTY_HEAD, encodeHead, nextRevision, parseHead, references } from '../../src/replica/head.ts'

const revision = {
  revision: 41,
  key: `revisions/00000041-${'a'.repeat(64)}.session.zst.age`,
  sha256: 'b'.repeat(64),
  bytes: 94208,
  savedAt: '2026-01-01T00:00:00.000Z',
  savedBy: 'worker.1',
  keyFingerprint: '0123456789abcdef',
  userId: '777',
  later: { deep: [1, { deeper: true }] },
}
const full = {
  ...EMPTY_HEAD,
  writeId: 'w',
  generation: 17,
  holder: { id: 'h', label: 'worker.1', since: 'now', beat: 311, ttlMs: 45_000, host: 'later' },
  current: { ...revision, revision: 42, dead: null },
  lastLogin: revision,
  history: [revision],
  quarantined: [{ ...revision, revision: 43, reason: 'the key changed' }],
  logins: [{ at: 'now', by: 'me', outcome: 'done', id: 'x' }],
  notice: 'a notice',
  addedByNewerVersion: { anything: [1, 2, { three: null }] },
}
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const codeOf = (bytes: Uint8Array): string => {
  try {
    parseHead(bytes)
    return 'ok'
  } catch (error) {
    assert.ok(error instanceof TgsessionError, String(error))
    return error.code
  }
}

describe('head.json', () => {
  it('keeps what it does not know, at every depth', () => {
    assert.deepEqual(parseHead(encodeHead(parseHead(bytesOf(full)))), full)
    assert.deepEqual(parseHead(encodeHead(EMPTY_HEAD)), EMPTY_HEAD)
  })

  it('numbers the next revision above all that it knows, also what was quarantined', () => {
    assert.equal(nextRevision(EMPTY_HEAD), 1)
    assert.equal(nextRevision(parseHead(bytesOf(full))), 44)
    assert.equal(references(parseHead(bytesOf(full))).length, 4)
  })

  it('refuses a newer format, whatever else is in it', () => {
    assert.equal(codeOf(bytesOf({ format: 2 })), 'head.newer')
    assert.equal(codeOf(bytesOf({ ...full, format: 3 })), 'head.newer')
  })

  for (const [name, value] of Object.entries<unknown>({
    null: null,
    'an array': [],
    'no format': { ...full, format: undefined },
    'a format that is text': { ...full, format: '2' },
    'no holder': { ...full, holder: undefined },
    'a beat that is text': { ...full, holder: { ...full.holder, beat: '3' } },
    'a generation below zero': { ...full, generation: -1 },
    'a generation beyond what counts exactly': { ...full, generation: 2 ** 60 },
    'a ttl of zero': { ...full, holder: { ...full.holder, ttlMs: 0 } },
    'a current without its hash': { ...full, current: { ...full.current, sha256: '' } },
    'a current of no bytes': { ...full, current: { ...full.current, bytes: 0 } },
    'a death of unknown cause': { ...full, current: { ...full.current, dead: 'drowned' } },
    'a history that is an object': { ...full, history: {} },
  }))
    it(`is corrupt with ${name}`, () => assert.equal(codeOf(bytesOf(value)), 'head.corrupt'))

  it('is corrupt, never empty, when cut off, empty, or not UTF-8', () => {
    const whole = bytesOf(full)
    for (const length of [0, 1, 10, whole.length - 1])
      assert.equal(codeOf(whole.subarray(0, length)), 'head.corrupt')
    assert.equal(codeOf(Uint8Array.of(0xff, 0xfe, ...whole)), 'head.corrupt')
  })

  it('never repeats what it could not read', () => {
    const secret = 'hush-hush-4711'
    const places: ((text: string) => unknown)[] = [
      (text) => ({ ...full, [text]: 1, holder: text }),
      (text) => ({ ...full, holder: { ...full.holder, beat: text, [text]: text } }),
      (text) => ({ ...full, current: { ...full.current, key: 3, dead: text } }),
      (text) => ({ ...full, format: text }),
      (text) => ({ ...full, history: [{ [text]: text }] }),
      (text) => text,
    ]
    const property = fc.property(fc.constantFrom(...places), fc.nat(200), (place, cut) => {
      const bytes = bytesOf(place(secret))
      for (const part of [bytes, bytes.subarray(0, bytes.length - cut)])
        try {
          parseHead(part)
        } catch (error) {
          assert.ok(error instanceof TgsessionError)
          const told = `${error.message} ${error.hint} ${String(error.cause)} ${error.stack}`
          assert.ok(!told.includes('hush'), told)
        }
    })
    fc.assert(property)
  })
})
