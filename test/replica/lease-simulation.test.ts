import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeadFile } from '../../src/replica/head-file.ts'
import { type Lease, type LeasePort, takeLease } from '../../src/replica/lease.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { lossy } from '../support/lossy-store.ts'
import { seededRandom, SimTime } from '../support/sim-clock.ts'

/**
 * The real lease code in virtual time: three instances that come, go and crash, over a network that loses and
 * delays requests. TGSESSION_SIM_SEEDS and TGSESSION_SIM_DAYS make it longer (40 seeds of 3 days is the long run).
 */
const SEEDS = Number(process.env['TGSESSION_SIM_SEEDS'] ?? 6)
const DAYS = Number(process.env['TGSESSION_SIM_DAYS'] ?? 0.5)
const TTL_MS = 45_000
const INSTANCES = 3

interface Result {
  takes: number
  crashes: number
  losses: number
  doubles: string[]
  generations: number[]
}

function portOver(store: ObjectStore, time: SimTime, random: () => number, skewMs: number): LeasePort {
  const clock = time.clock({ skewMs })
  const head = new HeadFile({ store, key: 'main/head.json', clock, random, requestMs: 10_000 })
  return {
    read: (options) => head.read(options),
    change: (change, options) =>
      head.change(
        { apply: (old) => ({ ...old, ...change.apply(old) }), landed: (now) => change.landed(now) },
        options,
      ),
  }
}

async function simulate(seed: number, withLease: boolean): Promise<Result> {
  const random = seededRandom(seed)
  const time = new SimTime()
  const end = DAYS * 24 * 60 * 60 * 1000
  const base = new MemoryStore()
  const using = new Set<string>()
  const result: Result = { takes: 0, crashes: 0, losses: 0, doubles: [], generations: [] }

  function begin(who: string): void {
    if (using.size > 0) result.doubles.push(`${time.now} ms: ${who} beside ${[...using].join(', ')}`)
    using.add(who)
    result.takes++
  }

  async function live(index: number): Promise<void> {
    const skewMs = (random() - 0.5) * 20 * 60_000
    for (let boot = 0; time.now < end; boot++) {
      const who = `${index}/${boot}`
      const clock = time.clock({ skewMs })
      const store = lossy(base, { time, random, lost: 0.05, late: 0.05 })
      const port = portOver(store, time, random, skewMs)
      let lease: Lease | undefined
      if (withLease) {
        lease = await takeLease(port, { label: who, clock, ttlMs: TTL_MS })
        result.generations.push(lease.generation)
      }
      begin(who)
      const worked = new AbortController()
      const stay = clock.sleep(
        random() * 30 * 60_000,
        AbortSignal.any([worked.signal, ...(lease ? [lease.signal] : [])]),
      )
      const lost = await stay.then(
        () => false,
        () => true,
      )
      if (lost) result.losses++
      const crashed = !lost && random() < 0.4
      // A lost lease leaves a fifth of its TTL for disconnecting; a crash closes the sockets at once.
      if (!crashed) await clock.sleep(random() * TTL_MS * 0.15)
      using.delete(who)
      if (crashed) {
        result.crashes++
        await lease?.abandon()
      } else await lease?.release({ patienceMs: 20_000 }).catch(() => undefined)
      await clock.sleep(random() * 5000)
    }
  }

  for (let index = 0; index < INSTANCES; index++) void live(index)
  await time.run(end)
  return result
}

describe('the lease, simulated', () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    it(`has one holder at a time (seed ${seed}, ${DAYS} days, 5 % lost, 5 % late)`, async () => {
      const result = await simulate(seed, true)
      assert.deepEqual(result.doubles, [])
      assert.ok(result.takes > 10 * DAYS, `only ${result.takes} takes: the simulation does not move`)
      assert.ok(result.crashes > 0, 'nobody crashed: the simulation does not test a takeover')
      assert.deepEqual(
        result.generations,
        result.generations.toSorted((a, b) => a - b),
        'a generation went back',
      )
      assert.equal(
        new Set(result.generations).size,
        result.generations.length,
        'a generation was given twice',
      )
    })

  it('catches two holders when there is no lease', async () => {
    const { doubles } = await simulate(1, false)
    assert.ok(doubles.length > 0)
  })
})
