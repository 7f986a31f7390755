import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../../src/config/settings.ts'
import type { FakeDc, FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { ACCOUNT } from '../rig.ts'
import { LEASELESS_LINE, LINES } from './bots.ts'
import { Cast } from './cast.ts'
import type { Bot, Life, Plan } from './plan.ts'
import type { ChaosStore } from './store.ts'
import { withPeople, type Witness } from './witness.ts'

/** A little more than the dynos are told (TGSESSION_SHUTDOWN_MS). */
const GRACE_MS = 4000
/** Whoever comes last, with nobody in his way, serves: for how long that is waited for, on a machine however busy. */
const IN_THE_END_MS = 120_000

export interface SceneOptions {
  folder: string
  store: ChaosStore
  dc: FakeDc
  replica: Replica
  witness: Witness
  env: Environment
  ttlMs: number
  leaseless: boolean
  /** Disks may be made small. */
  withDisks: boolean
  progress?: ((line: string) => void) | undefined
}

export interface Played {
  restarts: number
  kills: number
  /** Mishaps, other than those of the network. */
  faults: number
  duplicates: number
  frozenDuplicates: number
  servesInTheEnd: boolean
  /** Milliseconds each. */
  handovers: number[]
}

/** What happens to dynos, one life after the other. */
export class Scene {
  /** What was done, and what the dynos printed. */
  readonly log: string[] = []
  readonly #of: SceneOptions
  readonly #alive = new Set<Cast>()
  readonly #gone: Promise<unknown>[] = []
  readonly #handovers: number[] = []
  #handover: { since: number; opened: Set<number> } | undefined
  #started = 0
  #people = 0
  #kills = 0
  #faults = 0

  constructor(of: SceneOptions) {
    this.#of = of
  }

  /** A handover: from the SIGTERM to the first request on a connection that was opened after it. */
  onEvent({ type, connectionId, at }: FakeDcEvent): void {
    if (type === 'duplicate') this.#note(`the data centre sees a duplicate, on connection ${connectionId}`)
    if (!this.#handover) return
    if (type === 'connect') this.#handover.opened.add(connectionId)
    if (type !== 'request' || !this.#handover.opened.has(connectionId)) return
    this.#handovers.push(at - this.#handover.since)
    this.#handover = undefined
  }

  async play({ lives, frozen }: Plan): Promise<Played> {
    const { dc, witness, progress } = this.#of
    let restarts = 0
    for (const life of lives) {
      this.#note(`life ${++restarts}: ${JSON.stringify(life)}`)
      const cast = await this.#live(life)
      await this.#end(cast, life)
      await witness.look()
      const { duplicates } = dc.stats()
      progress?.(
        `${restarts} ${life.bot}, ${life.mishap}, ${Object.values(life.end).join(' ')}: ${duplicates} duplicates`,
      )
      if (duplicates > 0) break
    }
    const servesInTheEnd = dc.stats().duplicates > 0 || (await this.#epilogue())
    for (const bot of frozen) if (bot === 'in process') await this.#freeze(bot)
    const { duplicates } = dc.stats()
    for (const bot of frozen) if (bot !== 'in process' && duplicates === 0) await this.#freeze(bot)
    const frozenDuplicates = dc.stats().duplicates - duplicates
    await this.#stopAll()
    const [kills, faults, handovers] = [this.#kills, this.#faults, this.#handovers]
    return { restarts, kills, faults, duplicates, frozenDuplicates, servesInTheEnd, handovers }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#alive].map((cast) => cast.leave()))
    await Promise.all(this.#gone)
  }

  async #enter(name: string, bot: Bot, life?: Life, more: Environment = {}): Promise<Cast> {
    const { folder, store, env, leaseless, withDisks, witness } = this.#of
    const number = ++this.#started
    const cast = await Cast.enter({
      name,
      folder: path.join(folder, `dyno-${number}`),
      line: leaseless ? LEASELESS_LINE : LINES[bot],
      env: { ...env, ...more },
      store,
      withDisk: withDisks,
      life,
      onLine: (line) => {
        this.#note(`${name}/${number} ${line}`)
        const saved = /event=session\.saved revision=(\d+)/.exec(line)?.[1]
        if (saved !== undefined) witness.acknowledge(Number(saved))
      },
    })
    this.#alive.add(cast)
    return cast
  }

  /** The next one starts, others beside it; whoever serves has this life. */
  async #live(life: Life): Promise<Cast> {
    const { dc, leaseless, ttlMs } = this.#of
    // Rivals go one life later, in the middle of whatever they do.
    for (const cast of this.#alive) if (cast.dyno.name !== 'worker.1' && !cast.isServing) this.#stop(cast)
    const next = await this.#enter('worker.1', life.bot, life)
    const rivals = life.mishap === 'rival' ? 1 : life.mishap === 'rivals' ? 4 : 0
    for (let n = 0; n < rivals; n++)
      await this.#enter(`worker.${n + 2}`, life.bot, undefined, {
        TGSESSION_LEASE_TTL: `${Math.round(ttlMs * (1 + life.part * 0.5))}ms`,
      })
    if (life.mishap === 'early stop') {
      await sleep(life.part * 900)
      return next
    }
    const serving = (await this.#whoServes(next)) ?? next
    // Two at once have nothing to wait for.
    if (leaseless && dc.stats().duplicates > 0) return serving
    await this.#befall(serving, life)
    const until = performance.now() + life.servesMs
    while (performance.now() < until && !serving.dyno.isOver) {
      this.#write()
      await sleep(Math.min(400, Math.max(0, until - performance.now())))
    }
    return serving
  }

  /** What is to happen while it serves. */
  async #befall({ dyno }: Cast, { mishap, part }: Life): Promise<void> {
    const { store, ttlMs } = this.#of
    if (mishap !== 'none') this.#faults++
    if (mishap === 'freeze') {
      // A renewal may be a third of the TTL old, and the machine is busy: half is as much as can be promised here.
      dyno.signal('SIGSTOP')
      await sleep(ttlMs * part * 0.5)
      dyno.signal('SIGCONT')
    } else if (mishap === 'upload') {
      await this.#upload()
    } else if (mishap === 'full work disk') {
      const disks = [...this.#alive].flatMap(({ disk }) => disk ?? [])
      for (const disk of disks) await disk.fill()
      this.#write()
      await sleep(800)
      if (part < 0.4) for (const disk of disks) await disk.free()
    } else if (mishap === 'full store') {
      this.#write()
      await store.disk?.fill()
      await sleep(ttlMs * part * 1.5)
      await store.disk?.free()
    }
  }

  async #end(cast: Cast, life: Life): Promise<void> {
    const { dyno } = cast
    const { end } = life
    for (const other of this.#alive) if (other.dyno.isOver) this.#retire(other)
    switch (end.by) {
      case 'kill':
        this.#kills++
        if (end.who === 'dyno') dyno.signal('SIGKILL')
        else if (end.who === 'wrapper' || !dyno.killCommand()) dyno.killWrapper()
        // What is left of the bot after a kill of the wrapper stays, as long as it likes.
        await dyno.exited
        break
      case 'moment':
        if (!dyno.isOver) await dyno.stop(GRACE_MS)
        break
      case 'term':
        await this.#restart(cast, life)
    }
  }

  async #restart(cast: Cast, { mishap, part, overlapMs }: Life): Promise<void> {
    this.#handover = cast.isServing ? { since: Date.now(), opened: new Set() } : undefined
    if (mishap === 'store down at the stop') cast.way.silence(true)
    this.#stop(cast)
    if (mishap === 'store down at the stop') void sleep(part * GRACE_MS).then(() => cast.way.silence(false))
    if (mishap === 'two SIGTERMs') void sleep(part * 300).then(() => cast.dyno.signal('SIGTERM'))
    if (mishap === 'upload at the stop') this.#gone.push(sleep(part * 1000).then(() => this.#upload()))
    await sleep(overlapMs)
  }

  /** Everybody stops; then one more comes, and must serve. */
  async #epilogue(): Promise<boolean> {
    await this.#stopAll()
    const last = await this.#enter('worker.1', 'gramjs')
    await this.#whoServes(last, IN_THE_END_MS)
    const { dc } = this.#of
    const before = dc.messages(ACCOUNT.userId).length
    const until = performance.now() + IN_THE_END_MS
    while (performance.now() < until) {
      this.#write()
      await sleep(500)
      const news = dc.messages(ACCOUNT.userId).slice(before)
      if (news.some(({ text }) => text.startsWith('pong'))) return true
    }
    return false
  }

  /**
   * All of a dyno sleeps through the end of its lease, and another takes over. To the data centre its connection is
   * open until the server hangs up.
   */
  async #freeze(bot: Bot): Promise<void> {
    await this.#stopAll()
    const frozen = await this.#enter('worker.1', bot)
    await this.#whoServes(frozen)
    this.#note('SIGSTOP, for longer than the lease lasts')
    frozen.dyno.signal('SIGSTOP')
    // So that it does not count as the one who serves.
    frozen.isEnding = true
    const rival = await this.#enter('worker.1', bot)
    await this.#whoServes(rival)
    this.#note('SIGCONT')
    frozen.dyno.signal('SIGCONT')
    this.#write()
    this.#faults++
    await sleep(2000)
    await frozen.dyno.stop(GRACE_MS)
    this.#retire(frozen)
  }

  async #whoServes(next: Cast, patienceMs = this.#patienceMs): Promise<Cast | undefined> {
    const until = performance.now() + patienceMs
    while (performance.now() < until) {
      const serving = [...this.#alive].find((cast) => cast.isServing)
      if (serving) return serving
      if (next.dyno.isOver) return undefined
      await sleep(20)
    }
    return undefined
  }

  /** How long a life may take to serve: takeovers, and a store that does not answer. */
  get #patienceMs(): number {
    return 10_000 + 2.5 * this.#of.ttlMs
  }

  /** Somebody new writes, and whoever serves gets to know him. */
  #write(): void {
    const person = { userId: 1000n + BigInt(++this.#people), firstName: `Person ${this.#people}` }
    this.#of.dc.sendMessage(ACCOUNT.userId, '.ping', person)
  }

  /** What CI does that got hold of a copy: the same key, other contents. */
  async #upload(): Promise<void> {
    const { replica, witness } = this.#of
    const { bytes } = await replica.restore()
    const changed = await withPeople(bytes, 1, 1000 + ++this.#people)
    const { revision } = await replica.push(changed)
    witness.uploaded(revision.revision)
    this.#note(`uploaded revision ${revision.revision}`)
    await sleep(200)
  }

  #stop(cast: Cast): void {
    if (cast.isEnding) return
    cast.isEnding = true
    this.#note(`SIGTERM to ${cast.dyno.name}, process ${cast.dyno.pid}`)
    this.#gone.push(cast.dyno.stop(GRACE_MS))
  }

  async #stopAll(): Promise<void> {
    for (const cast of this.#alive) this.#stop(cast)
    await Promise.all([...this.#alive].map(({ dyno }) => dyno.exited))
    for (const cast of this.#alive) this.#retire(cast)
    await Promise.all(this.#gone)
  }

  #retire(cast: Cast): void {
    if (!this.#alive.delete(cast)) return
    if (cast.wasKilled) this.#kills++
    this.#gone.push(cast.leave())
  }

  #note(line: string): void {
    this.log.push(`${new Date().toISOString().slice(11, 23)} ${line}`)
  }
}
