import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { TgsessionError } from '../../src/base/errors.ts'
import { EMPTY_HEAD, nextRevision, references } from '../../src/replica/head.ts'
import { encodeHead, parseHead } from '../../src/replica/head-format.ts'

const hash = 'a'.repeat(64)
const keyOf = (number: number): string =>
  `revisions/${String(number).padStart(8, '0')}-${hash}.session.zst.age`
const revision = {
  revision: 41,
  objectKey: keyOf(41),
  sha256: 'b'.repeat(64),
  bytes: 94208,
  savedAt: '2026-01-01T00:00:00.000Z',
  savedBy: 'worker.1',
  keyFingerprint: '0123456789abcdef',
  userId: '777',
  family: null,
  base: null,
  later: { deep: [1, { deeper: true }] },
}
const full = {
  ...EMPTY_HEAD,
  writeId: 'w',
  generation: 17,
  holder: { id: 'h', label: 'worker.1', since: 'now', beat: 311, ttlMs: 45_000, host: 'later' },
  current: { ...revision, revision: 42, objectKey: keyOf(42), dead: null },
  lastLogin: revision,
  history: [revision],
  quarantined: [{ ...revision, revision: 43, objectKey: keyOf(43), reason: 'the key changed' }],
  events: [{ code: 'save.failed', at: '2026-01-01T00:00:00.000Z', later: 1 }],
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

  it('refuses another format, whatever else is in it', () => {
    assert.equal(codeOf(bytesOf({ format: 3 })), 'head.newer')
    assert.equal(codeOf(bytesOf({ ...full, format: 4 })), 'head.newer')
    assert.equal(codeOf(bytesOf({ format: 1 })), 'head.older')
    assert.equal(codeOf(bytesOf({ ...full, format: 1 })), 'head.older')
  })

  it('refuses a feature that its reader does not have, whatever else is in it', () => {
    const later = { ...full, requires: ['teleport'], history: 'elsewhere' }
    assert.equal(codeOf(bytesOf(later)), 'head.newer')
    const known = { ...full, requires: ['teleport'] }
    assert.deepEqual(parseHead(bytesOf(known), ['teleport']), known)
    assert.throws(() => parseHead(bytesOf(known), ['others']), { code: 'head.newer', message: /teleport/ })
  })

  it('never writes what nobody could read again', () => {
    const most = 999_999_999_999_999
    const last = { ...EMPTY_HEAD, generation: most }
    assert.deepEqual(parseHead(encodeHead(last)), last)
    const deep = (levels: number): unknown => (levels === 0 ? 0 : [deep(levels - 1)])
    for (const value of [
      { ...last, generation: most + 1 },
      { ...EMPTY_HEAD, current: { ...revision, revision: most + 1, dead: null } },
      { ...EMPTY_HEAD, notice: 'x'.repeat(2 ** 20) },
    ])
      assert.throws(() => encodeHead(value), { code: 'head.corrupt' })
    assert.equal(codeOf(bytesOf({ ...full, later: deep(1000) })), 'head.corrupt')
    const deepest = `{"format":2,"later":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    assert.equal(codeOf(new TextEncoder().encode(deepest)), 'head.corrupt')
  })

  for (const [name, value] of Object.entries<unknown>({
    null: null,
    'an array': [],
    'no format': { ...full, format: undefined },
    'a format that is text': { ...full, format: '2' },
    'requirements that are text': { ...full, requires: 'none' },
    'no events': { ...full, events: undefined },
    'no holder': { ...full, holder: undefined },
    'a beat that is text': { ...full, holder: { ...full.holder, beat: '3' } },
    'a generation below zero': { ...full, generation: -1 },
    'a generation beyond what counts exactly': { ...full, generation: 2 ** 60 },
    'a generation at the end of what counts exactly': { ...full, generation: 2 ** 53 - 1 },
    'a revision there': { ...full, current: { ...full.current, revision: 2 ** 53 - 1 } },
    'a last number there': { ...full, lastNumber: 2 ** 53 - 1 },
    'a beat there': { ...full, holder: { ...full.holder, beat: 2 ** 53 - 1 } },
    'a ttl of a year': { ...full, holder: { ...full.holder, ttlMs: 366 * 86_400_000 } },
    'a base that is text': { ...full, history: [{ ...revision, base: keyOf(40) }] },
    'a base elsewhere': {
      ...full,
      history: [{ ...revision, base: { objectKey: 'head.json', sha256: hash } }],
    },
    'a ttl of zero': { ...full, holder: { ...full.holder, ttlMs: 0 } },
    'a current without its hash': { ...full, current: { ...full.current, sha256: '' } },
    'a current of no bytes': { ...full, current: { ...full.current, bytes: 0 } },
    'a death of unknown cause': { ...full, current: { ...full.current, dead: 'drowned' } },
    'a history that is an object': { ...full, history: {} },
  }))
    it(`is corrupt with ${name}`, () => assert.equal(codeOf(bytesOf(value)), 'head.corrupt'))

  for (const objectKey of [
    '',
    'head.json',
    '../other/head.json',
    'revisions/',
    keyOf(42),
    `/${keyOf(41)}`,
    `${keyOf(41)}/`,
    keyOf(41).replace('revisions/', 'revisions//'),
    keyOf(41).replace('revisions/', ''),
    keyOf(41).replace('00000041', '41'),
    keyOf(41).replace(hash, hash.toUpperCase()),
    keyOf(41).replace(hash, hash.slice(1)),
    keyOf(41).replace('.age', '.gpg'),
    `${keyOf(41)}\n`,
  ])
    it(`names nothing but its own revisions: not ${JSON.stringify(objectKey)}`, () => {
      const wrong = { ...revision, objectKey }
      for (const value of [
        { ...full, current: { ...wrong, dead: null } },
        { ...full, lastLogin: wrong },
        { ...full, history: [wrong] },
        { ...full, quarantined: [{ ...wrong, reason: '' }] },
      ])
        assert.equal(codeOf(bytesOf(value)), 'head.corrupt')
    })

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
      (text) => ({ ...full, current: { ...full.current, objectKey: text, dead: text } }),
      (text) => ({ ...full, format: text }),
      (text) => ({ ...full, requires: [`${text} `] }),
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
