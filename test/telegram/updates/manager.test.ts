import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  array,
  assert as check,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  tuple,
  type Arbitrary,
} from 'fast-check'
import type { UpdateState } from '../../../src/session/core/storage.ts'
import { ACCOUNT, Manager } from '../../../src/telegram/updates/manager.ts'
import type { Arrival, Container, Handout } from '../../../src/telegram/updates/manager.ts'

const CHANNELS = [7n, 8n]
const ROWS = [ACCOUNT, ...CHANNELS]
const at = (pts: number): UpdateState => ({ pts, qts: 0, date: 1, seq: 0 })

const container = (
  arrivals: Arrival<string>[],
  rest: Partial<Container<string>> = {},
): Container<string> => ({
  arrivals,
  seq: 0,
  seqStart: 0,
  date: 0,
  tooLong: [],
  ...rest,
})
const pts = (item: string | undefined, end: number, count = 1, row = ACCOUNT): Arrival<string> => ({
  item,
  counter: { kind: 'pts', row, end, count },
})
const plain = (item: string): Arrival<string> => ({ item, counter: null })
const items = (handouts: Handout<string>[]): string[] =>
  handouts.flatMap(({ item }) => (item === undefined ? [] : [item]))
/** The rows that are remembered once all of these were handed out. */
const rows = (handouts: Handout<string>[]): Record<string, UpdateState> =>
  Object.fromEntries(handouts.flatMap(({ row }) => (row ? [[String(row.id), row.state]] : [])))

/** A machine that has caught up at pts 10. */
function caughtUp(): Manager<string> {
  const machine = new Manager<string>()
  machine.load(ACCOUNT, at(10))
  assert.deepEqual(machine.held(), [ACCOUNT])
  machine.advanceAccount([], { date: 1 }, true)
  machine.drain()
  return machine
}

describe('updates, by the rules', () => {
  it('hands out what follows, leaves out what was, and waits where something is missing', () => {
    const machine = caughtUp()
    machine.receive(
      container([pts('old', 10), pts('next', 11), pts('two at once', 13, 2), pts('too early', 15)]),
    )
    const out = machine.drain()
    assert.deepEqual(items(out), ['next', 'two at once'])
    assert.equal(rows(out)['0']?.pts, 13)
    assert.deepEqual(machine.gaps(), [ACCOUNT])
    machine.receive(container([pts('missing', 14)]))
    assert.deepEqual(items(machine.drain()), ['missing', 'too early'])
    assert.deepEqual(machine.gaps(), [])
  })

  it('hands out what moves nothing in its place, and counts what the client did itself', () => {
    const machine = caughtUp()
    machine.receive(container([pts('later edit', 11, 0), pts('edit', 10, 0), pts(undefined, 11)]))
    const out = machine.drain()
    assert.deepEqual(items(out), ['edit', 'later edit'])
    assert.equal(rows(out)['0']?.pts, 11)
  })

  it('keeps the account, its qts and each channel apart', () => {
    const machine = caughtUp()
    const secret: Arrival<string> = {
      item: 'secret',
      counter: { kind: 'qts', row: ACCOUNT, end: 5, count: 1 },
    }
    machine.load(7n, at(20))
    machine.advanceChannel(7n, [], 20, true)
    machine.receive(container([pts('gap', 30), pts('post', 21, 1, 7n), pts('new channel', 3, 1, 8n), secret]))
    const out = machine.drain()
    assert.deepEqual(items(out), ['post', 'new channel'])
    assert.deepEqual(
      [rows(out)['7'], rows(out)['8']],
      [
        { ...at(21), date: 1 },
        { ...at(3), date: 1 },
      ],
    )
    assert.deepEqual(machine.gaps(), [ACCOUNT])
    machine.hold(ACCOUNT)
    machine.advanceAccount(['told'], { pts: 29, qts: 5 }, true)
    assert.deepEqual(items(machine.drain()), ['told', 'gap'])
    assert.equal(machine.account?.qts, 5)
  })

  it('orders containers by seq, and only what has no counter of its own', () => {
    const machine = caughtUp()
    machine.hold(ACCOUNT)
    machine.advanceAccount([], { seq: 3 }, true)
    machine.receive(container([plain('again'), pts('m11', 11)], { seq: 3, seqStart: 3 }))
    machine.receive(container([plain('sixth')], { seq: 6, seqStart: 6, date: 60 }))
    assert.deepEqual(items(machine.drain()), ['m11'])
    assert.deepEqual(machine.gaps(), [ACCOUNT])
    machine.receive(container([plain('fourth and fifth')], { seq: 5, seqStart: 4 }))
    machine.receive(container([plain('typing')]))
    const out = machine.drain()
    assert.deepEqual(items(out), ['fourth and fifth', 'sixth', 'typing'])
    assert.equal(rows(out)['0']?.seq, 6)
  })

  it('holds everything of a row while its difference is fetched', () => {
    const machine = caughtUp()
    machine.receive(
      container([], {
        tooLong: [ACCOUNT, 99n].map((row) => ({ row, pts: undefined })),
      }),
    )
    assert.deepEqual(machine.wanted(), [ACCOUNT])
    machine.hold(ACCOUNT)
    assert.deepEqual([machine.wanted(), machine.held()], [[], [ACCOUNT]])
    machine.receive(container([plain('typing'), pts('m12', 12), pts('m13', 13)]))
    machine.advanceAccount(['m11', 'm12'], { pts: 12 }, false)
    assert.deepEqual(items(machine.drain()), ['m11', 'm12'])
    machine.advanceAccount([], {}, true)
    assert.deepEqual(items(machine.drain()), ['m13', 'typing'])
    machine.hold(ACCOUNT)
    machine.advanceAccount([], {}, true)
    assert.deepEqual(items(machine.drain()), [])
  })

  it('jumps: what nobody tells is left out, what was seen live is not', () => {
    const machine = caughtUp()
    machine.hold(ACCOUNT)
    machine.receive(container([pts('m20', 20), pts('m20', 20), pts('m31', 31), pts('m33', 33)]))
    machine.jumpAccount(at(30))
    const out = machine.drain()
    assert.deepEqual(items(out), ['m20', 'm31'])
    assert.equal(rows(out)['0']?.pts, 31)
    assert.deepEqual(machine.gaps(), [ACCOUNT])
  })

  it('forgets a channel without losing what was seen of it', () => {
    const machine = caughtUp()
    machine.load(7n, at(20))
    machine.receive(container([pts('post', 25, 1, 7n)]))
    machine.forget(7n)
    const out = machine.drain()
    assert.deepEqual([items(out), rows(out)], [['post'], {}])
    assert.deepEqual(machine.channels, [])
  })
})

interface Event {
  item: string
  end: number
  count: number
}

/** What the servers know, and a client that comes and goes. */
class World {
  readonly events = new Map<bigint, Event[]>(ROWS.map((row) => [row, []]))
  readonly handed: string[] = []
  machine = new Manager<string>()
  #saved = new Map<bigint, UpdateState>(ROWS.map((row) => [row, at(1)]))
  #late: [bigint, Event][] = []
  readonly #answers = new Map<bigint, { items: string[]; to: number; isLast: boolean }>()

  constructor() {
    this.#load()
  }

  happen(row: bigint, count: number, fate: Fate): void {
    const events = this.events.get(row) ?? []
    const end = (events.at(-1)?.end ?? 1) + count
    const event = { item: `${row}:${events.length}`, end, count }
    events.push(event)
    if (fate === 'late') this.#late.push([row, event])
    for (let times = { live: 1, twice: 2, late: 0, lost: 0 }[fate]; times > 0; times--) this.#push(row, event)
  }

  /** What was delayed comes, newest first. */
  arriveLate(): void {
    for (const [row, event] of this.#late.splice(0).toReversed()) this.#push(row, event)
  }

  /** The client asks for a difference, if it lacks something; the server answers as things are now. */
  ask(id: bigint, size: number, always = false): void {
    const { machine } = this
    if (this.#answers.has(id)) return
    if (!always && ![...machine.held(), ...machine.gaps(), ...machine.wanted()].includes(id)) return
    machine.hold(id)
    const reached = (id === ACCOUNT ? machine.account?.pts : machine.channelPts(id)) ?? 0
    const missing = this.events.get(id)?.filter(({ end }) => end > reached) ?? []
    const told = missing.slice(0, size)
    const isLast = told.length === missing.length
    this.#answers.set(id, { items: told.map(({ item }) => item), to: told.at(-1)?.end ?? reached, isLast })
  }

  /** The answer arrives. */
  answer(id: bigint): void {
    const { items: told, to, isLast } = this.#answers.get(id) ?? {}
    if (!this.#answers.delete(id) || told === undefined || to === undefined || isLast === undefined) return
    if (id === ACCOUNT) this.machine.advanceAccount(told, { pts: to }, isLast)
    else this.machine.advanceChannel(id, told, to, isLast)
  }

  /** The handlers get the first `most` of what is ready; the session remembers the first `kept` of those. */
  handOut(most = Infinity, kept = Infinity): void {
    for (const [index, { item, row }] of this.machine.drain().entries()) {
      if (index >= most) break
      if (item !== undefined) this.handed.push(item)
      if (row && index < kept) this.#saved.set(row.id, row.state)
    }
  }

  restart(): void {
    this.handOut()
    this.#load()
  }

  kill(most: number, kept: number): void {
    this.handOut(most, kept)
    this.#load()
  }

  catchUp(): void {
    for (const id of ROWS) {
      this.answer(id)
      this.ask(id, Infinity, true)
      this.answer(id)
    }
    this.handOut()
  }

  #load(): void {
    this.#late = []
    this.#answers.clear()
    this.machine = new Manager()
    for (const [row, state] of this.#saved) this.machine.load(row, state)
  }

  #push(row: bigint, { item, end, count }: Event): void {
    this.machine.receive(container([pts(item, end, count, row)]))
  }
}

type Fate = 'live' | 'twice' | 'late' | 'lost'

const row = constantFrom(...ROWS)
const few = nat(4)
const size = integer({ min: 1, max: 3 })
const fate = constantFrom<Fate>('live', 'live', 'twice', 'late', 'lost')
const step = oneof(
  { weight: 6, arbitrary: tuple(constant('happen' as const), row, size, fate) },
  { weight: 2, arbitrary: tuple(constant('arriveLate' as const)) },
  { weight: 4, arbitrary: tuple(constant('ask' as const), row, size) },
  { weight: 4, arbitrary: tuple(constant('answer' as const), row) },
  { weight: 3, arbitrary: tuple(constant('handOut' as const)) },
  { weight: 1, arbitrary: tuple(constant('restart' as const)) },
)
const kill = tuple(constant('kill' as const), few, few)
type Step = typeof step extends Arbitrary<infer S> ? S : never
type Kill = typeof kill extends Arbitrary<infer S> ? S : never

function play(steps: readonly (Step | Kill)[]): World {
  const world = new World()
  for (const each of steps) {
    if (each[0] === 'happen') world.happen(each[1], each[2], each[3])
    else if (each[0] === 'ask') world.ask(each[1], each[2])
    else if (each[0] === 'answer') world.answer(each[1])
    else if (each[0] === 'kill') world.kill(each[1], each[2])
    else world[each[0]]()
  }
  world.catchUp()
  return world
}

const happened = (world: World): string[] =>
  [...world.events.values()].flatMap((events) => events.map(({ item }) => item))

const ofRow = (world: World, id: bigint): string[] => world.handed.filter((item) => item.startsWith(`${id}:`))

describe('updates, live, late, lost and twice, with differences and restarts between them', () => {
  it('are handed out exactly once and in order when every stop is clean', () => {
    check(
      property(array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const world = play(steps)
        for (const id of ROWS)
          assert.deepEqual(
            ofRow(world, id),
            world.events.get(id)?.map(({ item }) => item),
          )
      }),
      { numRuns: 1000, seed: 1 },
    )
  })

  it('are handed out at least once when the client is killed, for the first time in order', () => {
    check(
      property(
        array(oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: kill }), {
          maxLength: 80,
          size: 'max',
        }),
        (steps) => {
          const world = play(steps)
          assert.deepEqual(new Set(world.handed), new Set(happened(world)))
          for (const id of ROWS)
            assert.deepEqual(
              [...new Set(ofRow(world, id))],
              world.events.get(id)?.map(({ item }) => item),
            )
        },
      ),
      { numRuns: 1000, seed: 2 },
    )
  })
})
