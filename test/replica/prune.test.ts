import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { EMPTY_HEAD, type Head, references, type Revision } from '../../src/replica/head.ts'
import { dropped, prune } from '../../src/replica/prune.ts'

const NOW = Date.UTC(2026, 5, 15, 12)
const HOUR = 3_600_000
const DAY = 24 * HOUR

const at = (revision: number, savedMs: number): Revision => ({
  revision,
  objectKey: `revisions/${revision}`,
  sha256: 'a'.repeat(64),
  bytes: 1,
  savedAt: new Date(savedMs).toISOString(),
  savedBy: 'test',
  keyFingerprint: '0'.repeat(16),
  userId: null,
  family: null,
  base: null,
})

/** A head whose history was saved at growing times, some hours apart. */
const heads = fc
  .record({
    gaps: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
    login: fc.nat(59),
    quarantined: fc.uniqueArray(fc.nat(59), { maxLength: 3 }),
    unsorted: fc.boolean(),
  })
  .map(({ gaps, login, quarantined, unsorted }): Head => {
    let age = 0
    const newestFirst = gaps.map((gap, index) => at(gaps.length - index, NOW - (age += gap * HOUR)))
    return {
      ...EMPTY_HEAD,
      current: { ...at(gaps.length + 1, NOW), dead: null },
      history: unsorted ? newestFirst : newestFirst.toReversed(),
      lastLogin: newestFirst[login] ?? null,
      quarantined: quarantined.flatMap((index) =>
        newestFirst[index] ? [{ ...newestFirst[index], reason: 'x' }] : [],
      ),
    }
  })

describe('pruning', () => {
  it('keeps the newest ten, one a day for a week, the last login, current and quarantined; deletes all else', () => {
    const property = fc.property(heads, (before) => {
      const after = prune(before, NOW)
      const gone = new Set(dropped(before, after).map(({ objectKey: key }) => key))
      const kept = new Set(references(after).map(({ objectKey: key }) => key))
      const newestFirst = before.history.toSorted((a, b) => b.revision - a.revision)
      for (const { objectKey: key } of newestFirst.slice(0, 10))
        assert.ok(kept.has(key), `${key} is of the newest ten`)
      for (const entry of newestFirst.filter(({ savedAt }) => NOW - Date.parse(savedAt) < 7 * DAY)) {
        const day = entry.savedAt.slice(0, 10)
        const ofTheDay = newestFirst.filter(({ savedAt }) => savedAt.startsWith(day))
        assert.ok(kept.has(ofTheDay[0]!.objectKey), `the newest of ${day} is kept`)
      }
      for (const entry of [before.current, before.lastLogin, ...before.quarantined])
        if (entry) assert.ok(kept.has(entry.objectKey) && !gone.has(entry.objectKey))
      for (const { objectKey: key } of references(before)) assert.notEqual(kept.has(key), gone.has(key), key)
      assert.ok(after.history.length <= 10 + 8, `${after.history.length} kept`)
      assert.deepEqual({ ...after, history: [] }, { ...before, history: [] })
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('changes nothing at the second time', () => {
    fc.assert(
      fc.property(heads, (before) => {
        const once = prune(before, NOW)
        assert.deepEqual(prune(once, NOW), once)
      }),
    )
  })

  it('does drop', () => {
    const history = Array.from({ length: 40 }, (_, index) => at(40 - index, NOW - 30 * DAY - index * HOUR))
    const before = { ...EMPTY_HEAD, history }
    assert.equal(dropped(before, prune(before, NOW)).length, 30)
  })

  it('drops a last login that another one replaced', () => {
    const before = { ...EMPTY_HEAD, lastLogin: at(1, NOW - 90 * DAY) }
    const after = { ...before, lastLogin: at(2, NOW) }
    assert.deepEqual(dropped(before, after), [before.lastLogin])
  })
})
