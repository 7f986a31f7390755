import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from '../../../src/config/settings.ts'
import type { FakeDc, FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { ACCOUNT } from '../rig.ts'
import { familyOf, LEASELESS_LINE, lineOf } from './bots.ts'
import { Cast } from './cast.ts'
import type { Judge } from './judge.ts'
import type { Bot, Life } from './plan.ts'
import type { ChaosStore } from './way/store.ts'
import { withPeople, type Witness } from './witness.ts'

/** A little more than the dynos are told (TGSESSION_SHUTDOWN). */
export const GRACE_MS = 4000

export interface StageOptions {
  folder: string
  store: ChaosStore
  dc: FakeDc
  replica: Replica
  witness: Witness
  judge: Judge
  env: Environment
  ttlMs: number
  leaseless: boolean
  /** Disks may be made small. */
  withDisks: boolean
  /** What is run: another checkout's, unless given this one's. */
  root?: string | undefined
  /** What every other dyno runs instead. */
  beside?: string | undefined
}

export interface Entrance {
  name: string
  bot: Bot
  /** How it is started, unless as its Procfile says. */
  line?: string | undefined
  life?: Life | undefined
  env?: Environment
  hasWeather?: boolean
}

/** Where the dynos come and go, and whoever writes to the account. */
export class Stage {
  /** What was done, and what the dynos printed. */
  readonly log: string[] = []
  readonly of: StageOptions
  readonly alive = new Set<Cast>()
  /** Milliseconds each. */
  readonly handovers: number[] = []
  kills = 0
  /** Mishaps, other than those of the network. */
  faults = 0
  readonly #gone: Promise<unknown>[] = []
  #handover: { since: number; opened: Set<number> } | undefined
  #started = 0
  #people = 0
  /** How often what is saved had been replaced when each instance came. */
  readonly #replacedBefore = new Map<Cast, number>()

  constructor(of: StageOptions) {
    this.of = of
  }

  /** A handover: from the SIGTERM to the first request on a connection that was opened after it. */
  onEvent({ type, connectionId, at }: FakeDcEvent): void {
    if (type === 'duplicate') this.note(`the data centre sees a duplicate, on connection ${connectionId}`)
    if (!this.#handover) return
    if (type === 'connect') this.#handover.opened.add(connectionId)
    if (type !== 'request' || !this.#handover.opened.has(connectionId)) return
    this.handovers.push(at - this.#handover.since)
    this.#handover = undefined
  }

  /** The next request of a new connection ends a handover that begins now. */
  beginHandover(): void {
    this.#handover = { since: Date.now(), opened: new Set() }
  }

  endHandover(): void {
    this.#handover = undefined
  }

  async enter({ name, bot, line, life, env: more = {}, hasWeather = false }: Entrance): Promise<Cast> {
    const { folder, store, env, leaseless, withDisks, witness, root, beside } = this.of
    const number = ++this.#started
    const cast = await Cast.enter({
      name,
      folder: path.join(folder, `dyno-${number}`),
      root: number % 2 === 0 ? (beside ?? root) : root,
      line: leaseless ? LEASELESS_LINE : (line ?? lineOf(bot)),
      env: { ...env, TGSESSION_CLIENT: familyOf(bot), ...more },
      store,
      withDisk: withDisks,
      hasWeather,
      life,
      onLine: (text) => {
        this.note(`${name}/${number} ${text}`)
        const saved = /event=session\.saved revision=(\d+)/.exec(text)?.[1]
        if (saved !== undefined) witness.acknowledge(Number(saved))
      },
    })
    this.alive.add(cast)
    this.#replacedBefore.set(cast, witness.replacements)
    return cast
  }

  /** How long a life may take to serve: takeovers, and a store that does not answer. */
  get patienceMs(): number {
    return 10_000 + 5 * this.of.ttlMs
  }

  async whoServes(next: Cast, patienceMs = this.patienceMs): Promise<Cast | undefined> {
    const until = performance.now() + patienceMs
    while (performance.now() < until) {
      const serving = [...this.alive].find((cast) => cast.isServing)
      if (serving) return serving
      if (next.dyno.isOver) return undefined
      await sleep(20)
    }
    return undefined
  }

  /** Somebody new writes every 0.4 s, and whoever serves gets to know him; ends sooner with `cast`, and at a duplicate. */
  async writeFor(ms: number, cast?: Cast): Promise<void> {
    const until = performance.now() + ms
    while (performance.now() < until && cast?.dyno.isOver !== true && this.of.judge.duplicates === 0) {
      this.write()
      await sleep(Math.min(400, Math.max(0, until - performance.now())))
    }
  }

  write(): void {
    const userId = 1000n + BigInt(++this.#people)
    const message = this.of.dc.sendMessage(ACCOUNT.userId, '.ping', { userId, firstName: `Person ${userId}` })
    const serving = [...this.alive].filter((cast) => cast.isServing)
    if (serving.length === 1) serving[0]?.hears({ message, userId })
  }

  /** What CI does that got hold of a copy: the same key, other contents. */
  async upload(): Promise<void> {
    const { replica, witness } = this.of
    const { bytes } = await replica.restore()
    const changed = await withPeople(bytes, 1, 1000 + ++this.#people)
    const { revision } = await replica.push(changed)
    witness.uploaded(revision.revision)
    this.note(`uploaded revision ${revision.revision}`)
    await sleep(200)
  }

  stop(cast: Cast): void {
    if (cast.isEnding) return
    cast.isEnding = true
    this.note(`SIGTERM to ${cast.dyno.name}, process ${cast.dyno.pid}`)
    this.later(this.#seeOut(cast))
  }

  /** Whom it knew at the SIGTERM somebody must know when it has ended well. */
  async #seeOut(cast: Cast): Promise<void> {
    const { dc, witness } = this.of
    const learnt = cast.learnt(new Set(dc.messages(ACCOUNT.userId).map(({ text }) => text)))
    const since = this.#replacedBefore.get(cast)
    await cast.dyno.stop(GRACE_MS)
    await witness.look()
    if (cast.hasEndedWell && witness.replacements === since) witness.mustKnow(learnt(), cast.dyno.name)
  }

  /** Is waited for before anything is judged. */
  later(work: Promise<unknown>): void {
    this.#gone.push(work)
  }

  async stopAll(): Promise<void> {
    for (const cast of this.alive) this.stop(cast)
    await Promise.all([...this.alive].map(({ dyno }) => dyno.exited))
    for (const cast of this.alive) this.retire(cast)
    await Promise.all(this.#gone)
  }

  retire(cast: Cast): void {
    if (!this.alive.delete(cast)) return
    if (cast.wasKilled) this.kills++
    this.later(cast.leave())
  }

  async close(): Promise<void> {
    await Promise.all([...this.alive].map((cast) => cast.leave()))
    await Promise.all(this.#gone)
  }

  note(line: string): void {
    this.log.push(`${new Date().toISOString().slice(11, 23)} ${line}`)
  }
}
