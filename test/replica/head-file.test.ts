import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { ConflictError, RefusedError, type TgsessionError } from '../../src/base/errors.ts'
import { EMPTY_HEAD, type Head } from '../../src/replica/head.ts'
import { encodeHead } from '../../src/replica/head-format.ts'
import { type HeadChange, HeadFile } from '../../src/replica/head-file.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { seededRandom, SimTime } from '../support/sim-clock.ts'
import {
  conflict,
  type Fault,
  forbidden,
  ScriptedStore,
  unreachable,
} from '../support/store/scripted-store.ts'
import { during, instantOf } from './support/virtual.ts'

const KEY = 'main/head.json'

/** Appends to a list: done twice, or lost, it shows. */
const append = (name: string): HeadChange => ({
  apply: (head) => ({ ...head, logins: [...head.logins, { at: name, by: '', outcome: '' }] }),
  landed: (head) => head.logins.some(({ at }) => at === name),
})
const names = (head: Head): string[] => head.logins.map(({ at }) => at)

function setUp(store: ObjectStore, time = new SimTime()) {
  const troubles: TgsessionError[] = []
  const open = (): HeadFile =>
    new HeadFile({
      store,
      key: KEY,
      clock: time.clock(),
      random: seededRandom(1),
      requestMs: 10_000,
      onTrouble: (error) => troubles.push(error),
    })
  return { time, troubles, open }
}

describe('a change of the head', () => {
  const later = new Promise<void>((resolve) => void setImmediate(resolve))
  const faults: Record<string, Fault> = {
    'no fault': {},
    'an answer lost after landing': { method: 'put', answer: unreachable() },
    'a request lost': { method: 'put', lands: false, answer: unreachable() },
    'a conflict with its own write': { method: 'put', answer: conflict() },
    'a conflict out of nothing': { method: 'put', lands: false, answer: conflict() },
    'silence after landing': { method: 'put', answer: 'silence' },
    silence: { method: 'put', lands: false, answer: 'silence' },
    'a late landing': { method: 'put', landsAfter: later },
    'reads that fail': { method: 'get', answer: unreachable(), times: 3 },
    'reads without an answer': { method: 'get', answer: 'silence', times: 2 },
    'all at once, seven times': { answer: unreachable(), times: 7 },
  }
  for (const [name, fault] of Object.entries(faults))
    it(`happens exactly once with ${name}`, async () => {
      const store = new ScriptedStore()
      const { time, open } = setUp(store)
      const head = open()
      await during(time, head.change(append('before')))
      store.fault(fault)
      const after = await during(time, head.change(append('a')))
      const last = await during(time, open().change(append('b')))
      assert.deepEqual(names(after), ['before', 'a'])
      assert.deepEqual(names(last), ['before', 'a', 'b'])
      assert.deepEqual(store.json(KEY), last)
    })

  it('happens exactly once when the given-up write lands between the re-read and the next write', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    await during(time, head.change(append('before')))
    const landing = Promise.withResolvers<void>()
    store.fault({ method: 'put', landsAfter: landing.promise })
    store.fault({
      method: 'put',
      first: async () => {
        landing.resolve()
        await new Promise(setImmediate)
      },
    })
    assert.deepEqual(names(await during(time, head.change(append('a')))), ['before', 'a'])
    assert.deepEqual(names(await during(time, open().read())), ['before', 'a'])
  })

  it('does not land a second time when the first write arrives after the second', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    await during(time, head.change(append('before')))
    const landing = Promise.withResolvers<void>()
    store.fault({ method: 'put', landsAfter: landing.promise })
    await during(time, head.change(append('a')))
    await during(time, open().change(append('other')))
    landing.resolve()
    await new Promise(setImmediate)
    assert.deepEqual(names(await during(time, head.read())), ['before', 'a', 'other'])
  })

  it('costs one put and no read', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    await during(time, head.change(append('a')))
    store.requests = []
    for (const name of ['b', 'c']) await during(time, head.change(append(name)))
    assert.deepEqual(store.requests, [`put ${KEY}`, `put ${KEY}`])
    assert.deepEqual(names(head.lastSeen!), ['a', 'b', 'c'])
  })

  it('does not fight with others of its own process', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    await during(time, head.change(append('first')))
    store.requests = []
    const wanted = ['a', 'b', 'c', 'd', 'e']
    await during(time, Promise.all(wanted.map((name) => head.change(append(name)))))
    assert.equal(store.requests.length, wanted.length)
    assert.deepEqual(names(head.lastSeen!), ['first', ...wanted])
  })

  it('writes a new writeId each time', async () => {
    const { time, open } = setUp(new ScriptedStore())
    const head = open()
    const ids = new Set<string>()
    for (const name of ['a', 'b', 'c']) ids.add((await during(time, head.change(append(name)))).writeId)
    assert.equal(ids.size, 3)
    assert.ok(!ids.has(''))
  })

  it('believes a refusal only of a head just read', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const [ours, theirs] = [open(), open()]
    const refused = new RefusedError('test.refused', 'no', { hint: '-' })
    const onlyWith = (needed: string): HeadChange => ({
      ...append('ours'),
      apply: (head) => {
        if (!names(head).includes(needed)) throw refused
        return append('ours').apply(head)
      },
    })
    await during(time, ours.change(append('x')))
    await during(time, theirs.change(append('theirs')))
    assert.deepEqual(names(await during(time, ours.change(onlyWith('theirs')))), ['x', 'theirs', 'ours'])
    const puts = store.requests.filter((request) => request.startsWith('put')).length
    await assert.rejects(during(time, ours.change(onlyWith('never'))), (error) => error === refused)
    assert.equal(store.requests.filter((request) => request.startsWith('put')).length, puts)
  })

  it('holds against others who change it in the same moment', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const [ours, theirs] = [open(), open()]
    await during(time, ours.change(append('a')))
    const getBefore = async ([name, ...others]: string[]): Promise<void> => {
      if (name === undefined) return
      await theirs.change(append(name))
      store.fault({ method: 'put', first: () => getBefore(others) })
    }
    store.fault({ method: 'put', first: () => getBefore(['b', 'c', 'd']) })
    await during(time, ours.change(append('ours')))
    const all = names(await during(time, theirs.read()))
    assert.deepEqual(all, ['a', 'b', 'c', 'd', 'ours'])
  })

  it('passes on what is neither a conflict nor an outage, at once', async () => {
    for (const method of ['get', 'put'] as const) {
      const store = new ScriptedStore()
      const { time, open, troubles } = setUp(store)
      store.fault({ method, lands: false, answer: forbidden() })
      await assert.rejects(during(time, open().change(append('a'))), { code: 'store.forbidden' })
      assert.deepEqual([troubles.length, store.requests.length <= 2], [0, true])
      // The queue is not blocked by it.
      assert.deepEqual(names(await during(time, open().change(append('b')))), ['b'])
    }
  })

  it('never takes a head that cannot be read for none', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    await store.put(KEY, new TextEncoder().encode('{ "format": 2, '), 'absent')
    await assert.rejects(during(time, open().read()), { code: 'head.corrupt' })
    await assert.rejects(during(time, open().change(append('a'))), { code: 'head.corrupt' })
    assert.deepEqual(store.requests.filter((request) => request.startsWith('put')).length, 1)
  })

  it('is refused where a counter is at its end, and nothing is written', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const last = encodeHead({ ...EMPTY_HEAD, writeId: 'x', generation: 999_999_999_999_999 })
    await store.put(KEY, last, 'absent')
    const take: HeadChange = {
      apply: (head) => ({ ...head, generation: head.generation + 1 }),
      landed: () => false,
    }
    await assert.rejects(during(time, open().change(take)), { code: 'head.corrupt', exitCode: 65 })
    assert.deepEqual(store.objects.get(KEY)?.bytes, last)
  })

  it('writes what was noted with the next change, once, and the last twenty', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    head.note('save.failed')
    store.fault({ method: 'put', answer: unreachable() })
    await during(time, head.change(append('a')))
    head.note('lease.lost')
    const written = await during(time, head.change(append('b')))
    assert.deepEqual(
      written.events.map(({ code }) => code),
      ['save.failed', 'lease.lost'],
    )
    assert.ok(written.events.every(({ at }) => /^2026-01-01T.*Z$/.test(at)))
    for (let n = 0; n < 30; n++) head.note(`event.${n}`)
    const full = await during(time, head.change(append('c')))
    assert.deepEqual([full.events.length, full.events.at(-1)?.code], [20, 'event.29'])
    assert.deepEqual((await during(time, head.change(append('d')))).events, full.events)
  })

  it('runs out of patience with the last error, and tells each trouble before', async () => {
    const store = new ScriptedStore()
    const { time, open, troubles } = setUp(store)
    store.fault({ answer: unreachable(), times: Infinity })
    const work = open().change(append('a'), { patienceMs: 20_000 })
    const instant = instantOf(time, work)
    await assert.rejects(during(time, work), { code: 'store.unreachable' })
    assert.ok(instant.at! >= 20_000 && instant.at! < 26_000, `after ${instant.at} ms`)
    assert.ok(troubles.length >= 5)
    store.heal()
    store.fault({ lands: false, method: 'put', answer: conflict(), times: Infinity })
    await assert.rejects(during(time, open().change(append('a'), { patienceMs: 5000 })), ConflictError)
  })

  it('gives each request ten seconds', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    store.fault({ answer: 'silence', times: Infinity })
    const work = open().read({ patienceMs: 0 })
    const instant = instantOf(time, work)
    await assert.rejects(during(time, work), { code: 'store.timeout' })
    assert.equal(instant.at, 10_000)
  })

  it('ends at once with the reason of its signal, and leaves no listener there', async () => {
    const store = new ScriptedStore()
    const { time, open } = setUp(store)
    const head = open()
    for (const fault of [{ answer: 'silence' }, { answer: unreachable() }] satisfies Fault[]) {
      store.heal()
      store.fault({ ...fault, times: Infinity })
      const stop = new AbortController()
      const reason = new Error('stopping')
      const work = head.change(append('a'), { signal: stop.signal, patienceMs: Infinity })
      const instant = instantOf(time, work)
      const begun = time.now
      time.at(begun + 3000, () => stop.abort(reason))
      await assert.rejects(during(time, work), (error) => error === reason)
      assert.equal(instant.at, begun + 3000)
      assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
    }
    store.heal()
    assert.ok(names(await during(time, head.change(append('b')))).includes('b'))
  })

  it('leaves no listener on a signal that outlives thousands of changes', async () => {
    const { time, open } = setUp(new ScriptedStore())
    const head = open()
    const { signal } = new AbortController()
    for (let i = 0; i < 200; i++) await during(time, head.change(append('x'), { signal }))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

describe('many at once', () => {
  it('lose nothing, in one process and in several', async () => {
    const store = new MemoryStore()
    const open = (): HeadFile =>
      new HeadFile({ store, key: KEY, clock: systemClock, random: Math.random, requestMs: 10_000 })
    const processes = [open(), open(), open()]
    const wanted: string[] = []
    await Promise.all(
      processes.flatMap((head, index) =>
        Array.from({ length: 12 }, (_, number) => {
          wanted.push(`${index}/${number}`)
          return head.change(append(`${index}/${number}`))
        }),
      ),
    )
    const found = names(await open().read())
    assert.deepEqual(found.toSorted(), wanted.toSorted())
  })
})
