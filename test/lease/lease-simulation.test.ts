import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { HeadFile } from '../../src/replica/head-file.ts'
import { headLease } from '../../src/replica/head-lease.ts'
import type { Lease } from '../../src/lease/lease.ts'
import type { LeasePort } from '../../src/lease/record.ts'
import { takeLease } from '../../src/lease/take.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import { lossy } from '../support/store/lossy-store.ts'
import { seededRandom, type SimMachine, SimTime } from '../support/sim-clock.ts'

/**
 * The real lease code in virtual time: three instances that come, go, crash and are suspended, each with its own TTL
 * and a wrong wall clock, over a network that loses and delays requests. TGSESSION_SIM_SEEDS and TGSESSION_SIM_DAYS
 * make it longer (40 seeds of 3 days is the long run).
 */
const SEEDS = Number(process.env['TGSESSION_SIM_SEEDS'] ?? 3)
const DAYS = Number(process.env['TGSESSION_SIM_DAYS'] ?? 0.5)
const INSTANCES = 3
const SEND_EVERY_MS = 1000
/** So many breaches prove enough: a lease that is no lease would fill the memory with them. */
const MOST_DOUBLES = 20

interface Result {
  takes: number
  crashes: number
  losses: number
  suspensions: number
  doubles: string[]
  generations: number[]
}

function portOver(store: ObjectStore, clock: Clock, random: () => number, ttlMs: number): LeasePort {
  const head = new HeadFile({
    store,
    key: 'main/head.json',
    clock,
    random,
    requestMs: Math.min(10_000, ttlMs / 4),
  })
  return headLease(head)
}

/** Who uses the session, as the data centre sees it. */
class Judge {
  readonly doubles: string[] = []
  readonly #connected = new Set<string>()
  readonly #over = new Set<string>()
  #last: string | undefined

  connect(who: string): void {
    for (const other of this.#connected) this.doubles.push(`${who} connects while ${other} is connected`)
    this.#connected.add(who)
  }

  /** Nobody can make a suspended machine disconnect; all it can do is to send nothing when it wakes up. */
  suspend(who: string): void {
    this.#connected.delete(who)
  }

  /** Once another has sent, the one before must never send again. */
  send(who: string): void {
    if (this.#over.has(who)) this.doubles.push(`${who} sends after another took over`)
    if (this.#last !== undefined && this.#last !== who) this.#over.add(this.#last)
    this.#last = who
  }

  disconnect(who: string): void {
    this.#connected.delete(who)
  }
}

async function simulate(seed: number, withLease: boolean): Promise<Result> {
  const random = seededRandom(seed)
  const time = new SimTime()
  const end = DAYS * 24 * 60 * 60 * 1000
  const base = new MemoryStore()
  const judge = new Judge()
  const { doubles } = judge
  const result: Result = { takes: 0, crashes: 0, losses: 0, suspensions: 0, doubles, generations: [] }

  /** Sends once a second until the end of its stay or the loss of the lease. True if it was lost. */
  async function use(who: string, machine: SimMachine, lease: Lease | undefined): Promise<boolean> {
    const until = machine.now() + random() * 30 * 60_000
    const suspendAt = random() < 0.2 ? machine.now() + random() * 60_000 : Infinity
    let rested = false
    while (machine.now() < until) {
      if (lease?.remainingMs === 0) return true
      judge.send(who)
      if (!rested && machine.now() > suspendAt) {
        rested = true
        result.suspensions++
        judge.suspend(who)
        machine.suspend(random() * 5 * 60_000)
      }
      await machine.sleep(SEND_EVERY_MS, lease?.signal).catch(() => undefined)
    }
    return false
  }

  async function live(index: number): Promise<void> {
    const skewMs = (random() - 0.5) * 20 * 60_000
    const ttlMs = Math.round(20_000 + random() * 70_000)
    for (let boot = 0; time.now < end; boot++) {
      const who = `${index}/${boot}`
      const machine = time.clock({ skewMs })
      const store = lossy(base, { time, machine, random, lost: 0.05, late: 0.05 })
      const port = portOver(store, machine, random, ttlMs)
      let lease: Lease | undefined
      if (withLease) {
        lease = await takeLease(port, { label: who, clock: machine, ttlMs })
        result.generations.push(lease.generation)
      }
      judge.connect(who)
      result.takes++
      const lost = await use(who, machine, lease)
      if (lost) result.losses++
      const crashed = !lost && random() < 0.4
      // A loss leaves the grace for disconnecting, and the slowest use all of it; a crash closes the sockets at once.
      if (!crashed) await machine.sleep(lost ? random() * (lease?.graceMs ?? 0) : random() * 20_000)
      judge.disconnect(who)
      if (crashed) {
        result.crashes++
        await lease?.abandon()
      } else await lease?.release({ patienceMs: 20_000 }).catch(() => undefined)
      await machine.sleep(random() * 5000)
    }
  }

  for (let index = 0; index < INSTANCES; index++) void live(index)
  await time.run(end, () => doubles.length >= MOST_DOUBLES)
  return result
}

describe('the lease, simulated', () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    it(`has one holder at a time (seed ${seed}, ${DAYS} days, 5 % lost, 5 % late)`, async () => {
      const result = await simulate(seed, true)
      assert.deepEqual(result.doubles, [])
      assert.ok(result.takes > 10 * DAYS, `only ${result.takes} takes: the simulation does not move`)
      assert.ok(result.crashes > 0, 'nobody crashed: the simulation does not test a takeover')
      assert.ok(result.suspensions > 0, 'nobody was suspended')
      assert.ok(result.losses > 0, 'no lease was lost')
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
