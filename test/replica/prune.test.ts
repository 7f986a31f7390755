import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { EMPTY_HEAD, type Head, neededObjects, references, type Revision } from '../../src/replica/head.ts'
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

/** A head whose history was saved at growing times, minutes to hours apart; what is not whole is a patch of the last that is. */
const heads = fc
  .record({
    gaps: fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 60,
    }),
    whole: fc.array(fc.boolean(), { minLength: 61, maxLength: 61 }),
    login: fc.nat(59),
    quarantined: fc.uniqueArray(fc.nat(59), { maxLength: 3 }),
    unsorted: fc.boolean(),
  })
  .map(({ gaps, whole, login, quarantined, unsorted }): Head => {
    let age = 0
    const plain = [0, ...gaps].map((gap, index) => at(gaps.length - index + 1, NOW - (age += gap * HOUR)))
    const all = plain.map((entry, index) => {
      const base = plain
        .slice(index)
        .find((_, later) => whole[index + later] || index + later === gaps.length)
      return base === entry || !base
        ? entry
        : { ...entry, base: { objectKey: base.objectKey, sha256: base.sha256 } }
    })
    const [current, ...newestFirst] = all
    return {
      ...EMPTY_HEAD,
      current: { ...current!, dead: null },
      history: unsorted ? newestFirst : newestFirst.toReversed(),
      lastLogin: newestFirst[login] ?? null,
      quarantined: quarantined.flatMap((index) =>
        newestFirst[index] ? [{ ...newestFirst[index], reason: 'x' }] : [],
      ),
    }
  })

/** Of ninety days ago and later, one a day. */
const whole = (number: number): Revision => at(number, NOW - 90 * DAY + number * DAY)

describe('pruning', () => {
  it('keeps the newest ten, one an hour for a day, one a day for a week, two whole ones, the last login, current, quarantined, and every base', () => {
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
      for (const entry of newestFirst.filter(({ savedAt }) => NOW - Date.parse(savedAt) < DAY)) {
        const ofTheHour = newestFirst.find(({ savedAt }) => savedAt.startsWith(entry.savedAt.slice(0, 13)))
        assert.ok(kept.has(ofTheHour!.objectKey), `the newest of ${entry.savedAt.slice(0, 13)} is kept`)
      }
      const wholeOnes = [before.current!, ...newestFirst].filter(({ base }) => base === null)
      for (const { objectKey: key } of wholeOnes.slice(0, 2)) assert.ok(kept.has(key), `${key} is whole`)
      for (const { base } of references(after))
        if (base) assert.ok(kept.has(base.objectKey) && !gone.has(base.objectKey), 'a base is kept')
      for (const entry of [before.current, before.lastLogin, ...before.quarantined])
        if (entry) assert.ok(kept.has(entry.objectKey) && !gone.has(entry.objectKey))
      for (const { objectKey: key } of references(before)) assert.notEqual(kept.has(key), gone.has(key), key)
      const own = after.history.filter(({ base }) => base !== null).length
      assert.ok(own <= 10 + 25 + 8, `${own} kept`)
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

  it('drops a base together with the last patch of it, and never before', () => {
    const [first, ...later] = [1, 20, 30].map(whole)
    const patches = Array.from({ length: 15 }, (_, index) => ({
      ...whole(2 + index),
      base: { objectKey: first!.objectKey, sha256: first!.sha256 },
    }))
    let head: Head = {
      ...EMPTY_HEAD,
      current: { ...later[1]!, dead: null },
      history: [first!, ...patches, later[0]!],
    }
    for (let number = 31; references(head).some(({ base }) => base !== null); number++) {
      const before = head
      const history = [...head.history, head.current!]
      head = prune({ ...head, history, current: { ...whole(number), dead: null } }, NOW)
      const isNeeded = references(head).some(({ base }) => base !== null)
      assert.equal(neededObjects(head).has(first!.objectKey), isNeeded)
      assert.equal(dropped(before, head).includes(first!), !isNeeded)
      assert.ok(number < 60)
    }
  })

  it('drops a last login that another one replaced', () => {
    const before = { ...EMPTY_HEAD, lastLogin: at(1, NOW - 90 * DAY) }
    const after = { ...before, lastLogin: at(2, NOW) }
    assert.deepEqual(dropped(before, after), [before.lastLogin])
  })
})
