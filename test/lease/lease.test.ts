import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { LeaseError } from '../../src/base/errors.ts'
import type { Head } from '../../src/replica/head.ts'
import { parseHead } from '../../src/replica/head-format.ts'
import { HeadFile } from '../../src/replica/head-file.ts'
import { headLease } from '../../src/replica/head-lease.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { SeenRecord } from '../../src/lease/seen-record.ts'
import { type LeaseOptions, takeLease } from '../../src/lease/take.ts'
import { toVersion } from '../../src/store/shared/version.ts'
import { altered, seededRandom, SimTime } from '../support/sim-clock.ts'
import {
  conflict,
  type Fault,
  forbidden,
  ScriptedStore,
  unreachable,
} from '../support/store/scripted-store.ts'
import { during, instantOf, waitingSleeps } from '../replica/support/virtual.ts'

const KEY = 'main/head.json'
const TTL = 45_000

interface Machine {
  clock: Clock
  head: HeadFile
  take: (options?: Partial<LeaseOptions>) => Promise<Lease>
}

class House {
  readonly time = new SimTime()
  readonly store = new ScriptedStore()

  machine(label: string, clock: Clock = this.time.clock()): Machine {
    const head = new HeadFile({
      store: this.store,
      key: KEY,
      clock,
      random: seededRandom(2),
      requestMs: 10_000,
    })
    const port = headLease(head)
    return { clock, head, take: (options) => takeLease(port, { label, clock, ttlMs: TTL, ...options }) }
  }

  during<T>(work: Promise<T>): Promise<T> {
    return during(this.time, work)
  }

  /** The holder as it lies in the store. */
  get holder(): Head['holder'] {
    return this.head.holder
  }

  get generation(): number {
    return this.head.generation
  }

  get head(): Head {
    const found = this.store.objects.get(KEY)
    assert.ok(found, 'there is no head')
    return parseHead(found.bytes)
  }

  silent(fault: Fault = {}): void {
    this.store.fault({ answer: 'silence', lands: false, times: Infinity, ...fault })
  }
}

/** When the signal fired, and why. */
function lossOf(house: House, lease: Lease): { at?: number; code?: string; graceMs?: number } {
  const loss: ReturnType<typeof lossOf> = {}
  lease.signal.addEventListener('abort', () => {
    loss.at = house.time.now
    loss.graceMs = lease.graceMs
    const reason: unknown = lease.signal.reason
    if (reason instanceof LeaseError) loss.code = reason.code
  })
  return loss
}

/** The next write is given up and re-read in vain; it lands while that answer is on its way, for 5 s. */
function landAfterTheNextLook(house: House): void {
  const landing = Promise.withResolvers<void>()
  house.store.fault({ method: 'put', landsAfter: landing.promise })
  const lookedInVain = async (): Promise<void> => {
    landing.resolve()
    await house.time.clock().sleep(5000)
  }
  // The first look of a taker comes before its write.
  if (house.store.objects.size === 0) house.store.fault({ method: 'get' })
  house.store.fault({ method: 'get', after: lookedInVain })
}

describe('taking the lease', () => {
  it('of nobody needs no wait', async () => {
    const house = new House()
    const taking = house.machine('a').take()
    const instant = instantOf(house.time, taking)
    const lease = await house.during(taking)
    assert.equal(instant.at, 0)
    assert.equal(lease.generation, 1)
    assert.equal(house.holder?.label, 'a')
    assert.equal(lease.remainingMs > 0, true)
    await lease.release()
  })

  it('of a dead one waits for its whole TTL of standing still, and no poll longer', async () => {
    const house = new House()
    const dead = await house.during(house.machine('dead').take())
    await dead.abandon()
    await house.time.run(100_000)
    const begun = house.time.now
    const taking = house.machine('next').take()
    const instant = instantOf(house.time, taking)
    const lease = await house.during(taking)
    assert.equal(instant.at, begun + TTL)
    assert.equal(lease.generation, 2)
    await lease.release()
  })

  it('goes by the TTL of the holder, not by its own', async () => {
    for (const [holders, own] of [
      [120_000, 2000],
      [2000, 600_000],
    ] as const) {
      const house = new House()
      const dead = await house.during(house.machine('dead').take({ ttlMs: holders }))
      await dead.abandon()
      const begun = house.time.now
      const taking = house.machine('next').take({ ttlMs: own })
      const instant = instantOf(house.time, taking)
      await (await house.during(taking)).abandon()
      assert.ok(instant.at! >= begun + holders && instant.at! <= begun + holders + 250, `${instant.at}`)
    }
  })

  it('does not count the time that its own read took', async () => {
    const house = new House()
    const dead = await house.during(house.machine('dead').take())
    await dead.abandon()
    const begun = house.time.now
    const clock = house.time.clock()
    // The first read takes 8 s, and shows the state of its end or of its beginning: nobody knows.
    house.store.fault({ method: 'get', first: () => clock.sleep(8000) })
    const taking = house.machine('next').take()
    const instant = instantOf(house.time, taking)
    await (await house.during(taking)).abandon()
    assert.equal(instant.at, begun + 8000 + TTL)
  })

  it('does not count the time that its last read took', async () => {
    const house = new House()
    const dead = await house.during(house.machine('dead').take())
    await dead.abandon()
    const begun = house.time.now
    const clock = house.time.clock()
    const taking = house.machine('next').take()
    const instant = instantOf(house.time, taking)
    await house.time.run(begun + TTL - 400)
    // Sent before the TTL is over: it may show a state from before, so it proves nothing of the end of the TTL.
    house.store.fault({ method: 'get', first: () => clock.sleep(5000) })
    await house.time.run(begun + TTL + 4000)
    assert.equal(instant.at, undefined)
    await (await house.during(taking)).abandon()
    // The poll of TTL - 250 ended at TTL + 4750; only the next one was sent late enough.
    assert.equal(instant.at, begun + TTL + 5000)
  })

  it('starts the wait anew with every sign of life', async () => {
    const house = new House()
    const living = await house.during(house.machine('living').take())
    const taking = house.machine('next').take()
    const instant = instantOf(house.time, taking)
    await house.time.run(400_000)
    assert.equal(instant.at, undefined)
    assert.ok((house.holder?.beat ?? 0) >= 25)
    await living.abandon()
    const begun = house.time.now
    await (await house.during(taking)).release()
    assert.ok(instant.at! > begun + TTL - 16_000 && instant.at! <= begun + TTL + 15_000)
  })

  it('follows a release within one poll', async () => {
    const house = new House()
    const old = await house.during(house.machine('old').take())
    const taking = house.machine('new').take()
    const instant = instantOf(house.time, taking)
    await house.time.run(20_100)
    await house.during(old.release())
    const lease = await house.during(taking)
    assert.ok(instant.at! <= 20_100 + 250, `after ${instant.at! - 20_100} ms`)
    assert.equal(lease.generation, 2)
    await house.during(lease.release())
    assert.equal(house.holder, null)
    assert.equal(house.generation, 2)
  })

  it('gives one of many the lease, and each generation once', async () => {
    const house = new House()
    const generations: number[] = []
    const inside = new Set<string>()
    const stay = async (label: string): Promise<void> => {
      const lease = await house.machine(label).take()
      assert.equal(inside.size, 0)
      inside.add(label)
      generations.push(lease.generation)
      await house.time.clock().sleep(1000)
      inside.delete(label)
      await lease.release()
    }
    await house.during(Promise.all(['a', 'b', 'c', 'd', 'e'].map(stay)))
    assert.deepEqual(generations, [1, 2, 3, 4, 5])
  })

  it('tells of each holder once', async () => {
    const house = new House()
    const told: string[] = []
    const first = await house.during(house.machine('first').take())
    const second = house.machine('second').take()
    const taking = house.machine('third').take({ onWaiting: (holder) => told.push(holder.label) })
    await house.time.run(40_000)
    await house.during(first.release())
    await house.time.run(house.time.now + 20_000)
    if (told.length === 1) assert.fail('the third took it before the second: this test needs another order')
    await house.during((await second).release())
    await house.during(taking)
    assert.deepEqual(told, ['first', 'second'])
  })

  it('is ended by its signal, and by there being nothing left to serve', async () => {
    const house = new House()
    const holder = await house.during(house.machine('a').take())
    const stop = new AbortController()
    const reason = new Error('stopping')
    const taking = house.machine('b').take({ signal: stop.signal })
    const instant = instantOf(house.time, taking)
    house.time.at(3333, () => stop.abort(reason))
    await assert.rejects(house.during(taking), (error) => error === reason)
    assert.equal(instant.at, 3333)
    const unwanted = house.machine('c').take({ stillWanted: () => false })
    await assert.rejects(house.during(unwanted), { code: 'lease.not_wanted' })
    assert.equal(house.holder?.label, 'a')
    await holder.release()
  })

  it('does not take a record that went back before its newest holder must have stopped', async () => {
    const house = new House()
    await house.during((await house.during(house.machine('before').take())).release())
    const backup = house.store.objects.get(KEY)!
    const holder = await house.during(house.machine('a').take())
    const taking = house.machine('b').take()
    await house.time.run(house.time.now + 5000)
    // Restored from a backup in which nobody holds it. The holder learns of it with its next renewal.
    house.store.objects.set(KEY, { ...backup, version: toVersion('restored') })
    const restoredAt = house.time.now
    const loss = lossOf(house, holder)
    const instant = instantOf(house.time, taking)
    const lease = await house.during(taking)
    assert.ok(loss.at !== undefined && instant.at !== undefined && loss.at < instant.at)
    assert.ok(instant.at >= restoredAt + TTL, `after ${instant.at - restoredAt} ms`)
    assert.equal(lease.generation, 3)
    await house.during(lease.release())
  })

  it('does so too for whoever lost it by that, and gives no generation twice', async () => {
    const house = new House()
    await house.during((await house.during(house.machine('before').take())).release())
    const backup = house.store.objects.get(KEY)!
    const { take } = house.machine('a')
    const seen = new SeenRecord()
    const lease = await house.during(take({ seen }))
    assert.equal(lease.generation, 2)
    house.store.objects.set(KEY, { ...backup, version: toVersion('restored') })
    await house.time.run(house.time.now + 20_000)
    assert.equal(lease.signal.reason.code, 'lease.lost')
    const begun = house.time.now
    const again = await house.during(take({ seen }))
    assert.ok(house.time.now >= begun + TTL)
    assert.equal(again.generation, 3)
    await house.during(again.release())
  })

  const landing = Promise.withResolvers<void>()
  for (const [name, fault] of Object.entries<Fault>({
    'a lost answer': { method: 'put', answer: unreachable() },
    'a conflict with itself': { method: 'put', answer: conflict() },
    'silence after landing': { method: 'put', answer: 'silence' },
    'a late landing': { method: 'put', landsAfter: landing.promise },
    'an outage': { answer: unreachable(), times: 9 },
  }))
    it(`survives ${name}, with one generation`, async () => {
      const house = new House()
      house.store.fault(fault)
      setImmediate(landing.resolve)
      const taking = house.machine('a').take()
      const lease = await house.during(taking)
      assert.equal(house.holder?.id, lease.id)
      assert.equal(lease.generation, 1)
      assert.ok(lease.owns(house.head))
      await house.during(lease.release())
    })

  it('counts from the first try that may have landed', async () => {
    const house = new House()
    house.store.fault({ method: 'put', answer: 'silence' })
    const lease = await house.during(house.machine('a').take())
    // Sent at 0, landed at once, known at 10 s and a bit: others may count from 0.
    assert.ok(house.time.now >= 10_000)
    const loss = lossOf(house, lease)
    house.silent()
    await house.time.run(100_000)
    assert.equal(loss.at, TTL * 0.8)
    await lease.abandon()
  })

  it('counts so too when that one lands between a look at the head and a second try', async () => {
    const house = new House()
    landAfterTheNextLook(house)
    // Given up at 10 s, looked at until 15 s, tried again then; from now on nothing more gets through.
    house.time.at(15_060, () => house.silent({ method: 'put' }))
    const lease = await house.during(house.machine('a').take())
    assert.ok(house.time.now >= 15_060)
    const loss = lossOf(house, lease)
    await house.time.run(100_000)
    assert.equal(loss.at, TTL * 0.8)
    await lease.abandon()
  })

  it('fails on what no waiting mends', async () => {
    const house = new House()
    house.store.fault({ answer: forbidden(), lands: false })
    await assert.rejects(house.during(house.machine('a').take()), { code: 'store.forbidden' })
  })
})

/** A change of the holder's own, such as a save. */
const noted = (notice: string, head: HeadFile, lease: Lease): Promise<Head> =>
  lease.renewWith(
    {
      apply: (old: Head) => ({ ...old, notice }),
      landed: (now) => now.notice === notice,
    },
    (change) => head.change(change),
  )

describe('keeping the lease', () => {
  it('renews every third of the TTL, by one request', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    house.store.requests = []
    await house.time.run(60_001)
    assert.equal(house.holder?.beat, 4)
    assert.deepEqual(
      house.store.requests,
      Array.from({ length: 4 }, () => `put ${KEY}`),
    )
    assert.equal(lease.signal.aborted, false)
    assert.equal(lease.remainingMs, TTL * 0.8 - 1)
    await lease.release()
  })

  it('is renewed by a save of the holder, from the moment at which that was sent', async () => {
    const house = new House()
    const { head, take } = house.machine('a')
    const lease = await house.during(take())
    const heard: number[] = []
    lease.onRenewal((leftMs) => heard.push(leftMs))
    house.store.requests = []
    for (const at of [10_000, 20_000, 30_000]) {
      await house.time.run(at)
      await house.during(noted(String(at), head, lease))
    }
    await house.time.run(44_999)
    assert.deepEqual(
      house.store.requests,
      [1, 2, 3].map(() => `put ${KEY}`),
      'none was sent for itself',
    )
    assert.equal(house.holder?.beat, 3)
    assert.deepEqual(heard.slice(1), [TTL, TTL, TTL])
    const loss = lossOf(house, lease)
    house.silent()
    await house.time.run(200_000)
    assert.equal(loss.at, 30_000 + TTL * 0.8)
    await lease.abandon()
  })

  it('lasts from the first try of a save that may have landed, not from its last', async () => {
    const house = new House()
    const { head, take } = house.machine('a')
    const lease = await house.during(take())
    const loss = lossOf(house, lease)
    await house.time.run(1000)
    house.store.fault({ method: 'put', answer: 'silence' })
    await house.during(noted('late', head, lease))
    assert.ok(house.time.now >= 11_000, 'it was looked at after ten seconds')
    house.silent()
    await house.time.run(200_000)
    assert.equal(loss.at, 1000 + TTL * 0.8)
    await lease.abandon()
  })

  it('is not brought back by a save that lands after its end', async () => {
    const house = new House()
    const { head, take } = house.machine('a')
    const lease = await house.during(take())
    const loss = lossOf(house, lease)
    house.silent()
    await house.time.run(30_000)
    const saving = noted('late', head, lease).catch(() => undefined)
    await house.time.run(TTL)
    house.store.heal()
    await house.during(saving)
    assert.equal(loss.at, TTL * 0.8)
    assert.equal(lease.remainingMs, 0)
    await lease.abandon()
  })

  it('never goes back in its beat, whatever of saves and renewals lands first', async () => {
    const house = new House()
    const { head, take } = house.machine('a')
    const lease = await house.during(take())
    const beats: number[] = []
    await house.time.run(14_900)
    // The renewal at 15 s is lost, and tried again only after three saves.
    house.store.fault({ method: 'put', lands: false, answer: 'silence' })
    await house.time.run(15_050)
    for (let index = 0; index < 3; index++) {
      await house.during(noted(`${index}`, head, lease))
      beats.push(house.holder!.beat)
    }
    await house.time.run(60_000)
    beats.push(house.holder!.beat)
    assert.deepEqual(
      beats.toSorted((a, b) => a - b),
      beats,
    )
    assert.equal(new Set(beats).size, beats.length)
    assert.equal(lease.signal.aborted, false)
    await lease.release()
  })

  it('never lowers the TTL that others go by', async () => {
    const house = new House()
    const a = house.machine('a')
    const lease = await house.during(a.take())
    const raise = { ttlMs: 300_000 }
    await house.during(
      a.head.change({
        apply: (head) => ({ ...head, holder: head.holder && { ...head.holder, ...raise } }),
        landed: (head) => head.holder?.ttlMs === raise.ttlMs,
      }),
    )
    await house.time.run(20_000)
    assert.deepEqual([house.holder?.beat, house.holder?.ttlMs], [1, 300_000])
    await lease.release()
  })

  it('warns at four fifths of the TTL when nothing can be renewed, with time left to disconnect', async () => {
    for (const fault of [{}, { answer: unreachable() }, { answer: forbidden() }] satisfies Fault[]) {
      const house = new House()
      const lease = await house.during(house.machine('a').take())
      const loss = lossOf(house, lease)
      house.silent(fault)
      await house.time.run(200_000)
      assert.deepEqual(loss, { at: TTL * 0.8, code: 'lease.expiring', graceMs: TTL * 0.15 })
      assert.deepEqual([lease.remainingMs, lease.graceMs], [0, 0])
      await lease.abandon()
    }
  })

  it('says why it could not be renewed', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    house.silent({ answer: forbidden() })
    await house.time.run(200_000)
    assert.equal(lease.signal.reason.cause.code, 'store.forbidden')
    await lease.abandon()
  })

  it('survives an outage that is shorter', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    await house.time.run(14_000)
    house.silent({ answer: unreachable() })
    await house.time.run(30_000)
    house.store.heal()
    await house.time.run(300_000)
    assert.equal(lease.signal.aborted, false)
    await house.during(lease.release())
  })

  it('counts from the first try of a renewal that may have landed, not from its last', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    const loss = lossOf(house, lease)
    house.store.fault({ method: 'put', answer: 'silence' })
    await house.time.run(25_200)
    assert.equal(house.holder?.beat, 1)
    house.silent()
    await house.time.run(200_000)
    assert.equal(loss.at, 15_000 + TTL * 0.8)
    await lease.abandon()
  })

  it('counts so too when that one lands between a look at the head and a second try', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    const loss = lossOf(house, lease)
    landAfterTheNextLook(house)
    // Given up at 25 s, looked at until 30 s, tried again then; from now on nothing more gets through.
    house.time.at(30_060, () => house.silent({ method: 'put' }))
    await house.time.run(200_000)
    assert.equal(house.holder?.beat, 1)
    assert.equal(loss.at, 15_000 + TTL * 0.8)
    await lease.abandon()
  })

  it('does not take a renewal that never arrived for one', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    const loss = lossOf(house, lease)
    const next = house.machine('b').take()
    const instant = instantOf(house.time, next)
    house.silent({ method: 'put' })
    house.time.at(40_000, () => house.store.heal())
    await house.during(next)
    assert.equal(loss.at, TTL * 0.8)
    assert.ok(instant.at! >= TTL)
    await lease.abandon()
  })

  it('is over when another has it', async () => {
    const house = new House()
    const a = house.machine('a')
    const lease = await house.during(a.take())
    const loss = lossOf(house, lease)
    const b = house.machine('b').head
    await house.during(
      b.change({
        apply: (head) => ({
          ...head,
          generation: head.generation + 1,
          holder: head.holder && { ...head.holder, id: 'thief' },
        }),
        landed: (head) => head.holder?.id === 'thief',
      }),
    )
    // A conflict, a short pause, a look.
    await house.time.run(15_100)
    assert.deepEqual([loss.code, loss.graceMs, lease.remainingMs], ['lease.lost', 0, 0])
    await house.during(lease.release())
    assert.equal(house.holder?.id, 'thief')
    assert.equal(house.holder.beat, 0)
  })

  it('is over when its generation is, though the id is the same', async () => {
    const house = new House()
    const a = house.machine('a')
    const lease = await house.during(a.take())
    assert.equal(lease.owns({ generation: 2, holder: house.holder }), false)
    assert.equal(lease.owns({ generation: 1, holder: null }), false)
    await lease.release()
  })

  it('is over after the machine slept', async () => {
    for (const jumpMs of [15_100, 3_600_000, -3_600_000]) {
      const house = new House()
      const base = house.time.clock()
      let jump = 0
      const clock = altered(base, { wall: () => base.wall() + jump })
      const lease = await house.during(house.machine('a', clock).take())
      const loss = lossOf(house, lease)
      house.time.at(50_000, () => (jump = jumpMs))
      await house.time.run(50_000 + 15_001)
      assert.deepEqual([loss.code, loss.graceMs], ['lease.suspended', 0], `${jumpMs}`)
      await house.during(lease.release())
      assert.equal(house.holder, null)
    }
  })

  it('asks the store no more once a renewal came back after a sleep', async () => {
    const house = new House()
    const base = house.time.clock()
    let jump = 0
    const lease = await house.during(
      house.machine('a', altered(base, { wall: () => base.wall() + jump })).take(),
    )
    let puts = 0
    house.store.fault({
      method: 'put',
      first: async () => {
        puts++
        await base.sleep(100)
        jump = 3_600_000
      },
      times: Infinity,
    })
    await house.time.run(15_500)
    assert.equal(puts, 1)
    assert.equal(lease.signal.reason?.code, 'lease.suspended')
    await lease.abandon()
  })

  it('bears a clock that is set right by a little', async () => {
    const house = new House()
    const base = house.time.clock()
    const clock = altered(base, { wall: () => base.wall() + (base.now() > 50_000 ? 10_000 : 0) })
    const lease = await house.during(house.machine('a', clock).take())
    await house.time.run(200_000)
    assert.equal(lease.signal.aborted, false)
    await lease.release()
  })

  it('is over when the process itself stood still', async () => {
    const house = new House()
    const base = house.time.clock()
    let lag = 0
    const clock = altered(base, { now: () => base.now() + lag, wall: () => base.wall() + lag })
    const lease = await house.during(house.machine('a', clock).take())
    const loss = lossOf(house, lease)
    house.silent()
    house.time.at(14_999, () => (lag = 40_000))
    await house.time.run(15_001)
    assert.deepEqual(loss, { at: 15_000, code: 'lease.expiring', graceMs: 0 })
    await lease.abandon()
  })
})

describe('releasing', () => {
  for (const [name, fault] of Object.entries<Fault>({
    'a lost answer': { method: 'put', answer: unreachable() },
    'a conflict with itself': { method: 'put', answer: conflict() },
    'a lost request': { method: 'put', lands: false, answer: unreachable() },
  }))
    it(`survives ${name}`, async () => {
      const house = new House()
      const lease = await house.during(house.machine('a').take())
      house.store.fault(fault)
      await house.during(lease.release())
      assert.equal(house.holder, null)
      assert.equal(house.generation, 1)
    })

  it('is heard when a renewal is under way, and that one does not bring the holder back', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    const landing = Promise.withResolvers<void>()
    house.store.fault({ method: 'put', landsAfter: landing.promise })
    await house.time.run(15_500)
    const releasing = house.during(lease.release())
    await house.time.run(15_600)
    landing.resolve()
    await releasing
    await house.time.run(40_000)
    assert.equal(house.holder, null)
  })

  it('after a loss tells nobody off, and frees what is still its own', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    house.silent()
    await house.time.run(50_000)
    assert.equal(lease.signal.aborted, true)
    house.store.heal()
    await house.during(lease.release())
    assert.equal(house.holder, null)
    await house.during(lease.release())
  })

  it('says when the store could not be told', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    house.silent({ answer: unreachable() })
    await assert.rejects(house.during(lease.release({ patienceMs: 1000 })), { code: 'store.unreachable' })
    assert.ok(house.time.now < 4000)
  })

  it('leaves no timer, by whatever end', async () => {
    const ends: ((lease: Lease, house: House) => Promise<unknown>)[] = [
      (lease) => lease.release(),
      (lease) => lease.abandon(),
      async (lease, house) => {
        house.silent()
        await house.time.run(100_000)
        await lease.abandon()
      },
    ]
    for (const end of ends) {
      const house = new House()
      const { clock, count } = waitingSleeps(house.time)
      const lease = await house.during(house.machine('a', clock).take())
      assert.ok(count() >= 2)
      await house.during(end(lease, house))
      await new Promise(setImmediate)
      assert.equal(count(), 0)
    }
  })

  it('abandoned leaves the record as it is', async () => {
    const house = new House()
    const lease = await house.during(house.machine('a').take())
    const before = house.store.json(KEY)
    await house.during(lease.abandon())
    await house.time.run(house.time.now + 60_000)
    assert.deepEqual(house.store.json(KEY), before)
  })
})
