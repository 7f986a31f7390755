import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReplica } from '../../src/config/open-replica.ts'
import { type Environment, readSettings } from '../../src/config/settings.ts'
import { FakeDc, type FakeDcEvent } from '../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { type Life, type NetworkMoment, planLives } from './chaos-plan.ts'
import { type ChaosStore, openChaosStore, type WayToStore } from './chaos-store.ts'
import { withPeople, Witness } from './chaos-witness.ts'
import { ROOT, SimulatedDyno } from './dyno.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession } from './rig.ts'
import { seededRandom } from './sim-clock.ts'

/** A lease of 45 s, 25 s for the shutdown: scaled, so that a takeover after a kill takes seconds. */
const TTL_MS = 2000
const SHUTDOWN_MS = 3000
const GRACE_MS = 4000
/** How long a life may take to serve: a takeover, and a store that does not answer. */
const PATIENCE_MS = 15_000

export interface ChaosOptions {
  seed: number
  restarts: number
  /** See ChaosStoreOptions.which. */
  store?: string | undefined
  /** Only to show that the judge sees what happens then. */
  leaseless?: boolean | undefined
  /** How many dynos are frozen for longer than the TTL, at the end. */
  freezes?: number | undefined
  progress?: ((line: string) => void) | undefined
}

export interface ChaosResult {
  seed: number
  restarts: number
  kills: number
  faults: number
  duplicates: number
  logins: number
  frozenDuplicates: number
  lostSaves: number
  torn: number
  maxHandoverMs: number
  medianHandoverMs: number
}

export interface ChaosOutcome {
  result: ChaosResult
  /** Promises that were broken, in words; none for a good run. */
  broken: string[]
  /** What the dynos printed. */
  log: string[]
}

/** Restarts, kills and freezes dynos for as long as it is told, and then judges what became of the session. */
export async function chaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-chaos-'))
  const random = seededRandom(options.seed)
  const run = { faults: 0 }
  const hooks: { onEvent?: (event: FakeDcEvent) => void } = {}
  const dc = await FakeDc.start({ accounts: [ACCOUNT], onEvent: (event) => hooks.onEvent?.(event) })
  const store = await openChaosStore({
    which: options.store ?? 'file',
    folder,
    // Requests come in any order: what befalls them must not disturb the plan of the seed.
    random: seededRandom(options.seed + 1_000_000),
    lateMs: TTL_MS,
    onFault: () => run.faults++,
  })
  const env = {
    TGSESSION_KEY: randomBytes(32).toString('hex'),
    TGSESSION_LEASE_TTL: `${TTL_MS}ms`,
    TGSESSION_SHUTDOWN_MS: String(SHUTDOWN_MS),
    TGSESSION_SAVE_AFTER: '0.4',
    TELEGRAM_API_ID: String(API_ID),
    TELEGRAM_API_HASH: API_HASH,
  }
  const host: Environment = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])
    host[name] = process.env[name]
  const settings = await readSettings({ ...host, ...env, ...store.env }, { store: true })
  const replica = await openReplica(settings)
  const witness = new Witness(replica, settings.identities)
  const scene = new Scene({ options, folder, store, dc, replica, witness, env: { ...host, ...env }, random })
  hooks.onEvent = (event) => scene.onEvent(event)
  try {
    return await scene.play(run)
  } finally {
    await scene.close()
    await replica.store.close()
    await store.close()
    await dc.close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface SceneOptions {
  options: ChaosOptions
  folder: string
  store: ChaosStore
  dc: FakeDc
  replica: Replica
  witness: Witness
  env: Environment
  random: () => number
}

interface Cast {
  dyno: SimulatedDyno
  way: WayToStore
  isEnding: boolean
  /** To be killed at a moment of its own. */
  isArmed: boolean
}

/** Its bot has connected since it was last started. */
function isServing({ dyno, isEnding }: Cast): boolean {
  const last = dyno.lines.findLast((line) => /event=command\.(started|ended)|: connected$/.test(line))
  return !isEnding && !dyno.isOver && last?.endsWith('connected') === true
}

class Scene {
  readonly #of: SceneOptions
  readonly #log: string[] = []
  readonly #alive = new Set<Cast>()
  readonly #gone: Promise<unknown>[] = []
  readonly #handovers: number[] = []
  #handover: { since: number; opened: Set<number> } | undefined
  #started = 0
  #people = 0
  #kills = 0
  #standstills = 0

  constructor(of: SceneOptions) {
    this.#of = of
  }

  /** A hand-over: from the SIGTERM to the first request on a connection that was opened after it. */
  onEvent({ type, connectionId, at }: FakeDcEvent): void {
    if (!this.#handover) return
    if (type === 'connect') this.#handover.opened.add(connectionId)
    if (type !== 'request' || !this.#handover.opened.has(connectionId)) return
    this.#handovers.push(at - this.#handover.since)
    this.#handover = undefined
  }

  async play(run: { faults: number }): Promise<ChaosOutcome> {
    const { options, dc, replica, witness, store, random } = this.#of
    await replica.push(await makeSession(dc))
    const key = (await replica.status()).current?.keyFingerprint
    const lives = planLives(options.restarts, { seed: options.seed, random, store: store.kind })
    let restarts = 0
    for (const life of lives) {
      const cast = await this.#live(life)
      await this.#end(cast, life)
      await witness.look()
      restarts++
      const { duplicates } = dc.stats()
      options.progress?.(
        `${restarts} ${JSON.stringify(life.end)} duplicates ${duplicates} handover ${this.#handovers.at(-1)}`,
      )
      if (duplicates > 0) break
    }
    const duplicates = dc.stats().duplicates
    const works = duplicates > 0 || (await this.#epilogue())
    const frozenDuplicates = duplicates > 0 ? 0 : await this.#freezes(options.freezes ?? 2)
    await this.#stopAll()
    const head = await witness.look()
    const lost = witness.lostSaves()
    const { logins, keys } = dc.stats()
    const sorted = this.#handovers.toSorted((a, b) => a - b)
    const result: ChaosResult = {
      seed: options.seed,
      restarts,
      kills: this.#kills,
      faults: run.faults + this.#standstills,
      duplicates,
      logins,
      frozenDuplicates,
      lostSaves: lost.length,
      torn: witness.torn.length,
      maxHandoverMs: sorted.at(-1) ?? 0,
      medianHandoverMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
    }
    const owned = keys.filter(({ userId }) => userId !== null)
    const broken = [
      ...(duplicates > 0 ? [`AUTH_KEY_DUPLICATED ${duplicates} times`] : []),
      ...(logins === 1 ? [] : [`${logins} logins`]),
      ...(owned.length === 1 && head.current?.keyFingerprint === key ? [] : ['the key changed']),
      ...(head.aside.length === 0 ? [] : ['something was set aside']),
      ...(works ? [] : ['in the end nobody served']),
      ...lost,
      ...witness.torn,
    ]
    return { result, broken, log: this.#log }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#alive].map((cast) => this.#remove(cast)))
    await Promise.all(this.#gone)
  }

  async #start(name: string, life?: Life): Promise<Cast> {
    const { folder, store, env, options } = this.#of
    const number = ++this.#started
    const end = life?.end
    const holder: { dyno?: SimulatedDyno } = {}
    let left = end?.by === 'moment' ? end.nth : 0
    const way = await store.way((moment: NetworkMoment) => {
      if (end?.by !== 'moment' || end.at !== moment || --left !== 0) return
      if (end.who === 'dyno') holder.dyno?.signal('SIGKILL')
      else holder.dyno?.killWrapper()
    })
    const preload = life && (end?.by === 'moment' || life.skewMs !== 0)
    const dyno = await SimulatedDyno.start({
      name,
      folder: path.join(folder, `dyno-${number}`),
      env: {
        ...env,
        ...way.env,
        ...(preload && {
          NODE_OPTIONS: `--import=${path.join(ROOT, 'test/support/chaos-preload.ts')}`,
          CHAOS_DIE_AT: end?.by === 'moment' ? `${end.at}#${end.nth}` : '',
          CHAOS_WHO: end?.by === 'moment' ? end.who : '',
          CHAOS_SKEW_MS: String(life.skewMs),
        }),
      },
      line: options.leaseless
        ? 'exec node test/support/chaos-leaseless.ts node dist/examples/ping-bot.js'
        : undefined,
      onLine: (line) => {
        this.#log.push(`${new Date().toISOString().slice(11, 23)} ${name}/${number} ${line}`)
        const saved = /event=session\.saved revision=(\d+)/.exec(line)?.[1]
        if (saved !== undefined) this.#of.witness.acknowledge(Number(saved))
      },
    })
    holder.dyno = dyno
    const cast = { dyno, way, isEnding: false, isArmed: end?.by === 'moment' }
    this.#alive.add(cast)
    return cast
  }

  /** The next one starts, others beside it; whoever serves has this life. */
  async #live(life: Life): Promise<Cast> {
    const { dc, random, options } = this.#of
    // Rivals go one life later, in the middle of whatever they do.
    for (const cast of this.#alive) if (cast.dyno.name !== 'worker.1' && !isServing(cast)) this.#stop(cast)
    const next = await this.#start('worker.1', life)
    for (let n = 0; n < life.rivals; n++) await this.#start(`worker.${n + 2}`)
    if (life.end.by === 'term' && life.end.early) {
      await sleep(random() * 900)
      return next
    }
    const serving = (await this.#whoServes(next)) ?? next
    // Two at once have nothing to wait for.
    if (options.leaseless && dc.stats().duplicates > 0) return serving
    const until = performance.now() + life.servesMs
    while (performance.now() < until && !serving.dyno.isOver) {
      this.#write()
      await sleep(Math.min(400, Math.max(0, until - performance.now())))
    }
    if (life.freeze > 0) await this.#standStill(serving, life.freeze)
    if (life.upload) await this.#upload()
    return serving
  }

  async #end(cast: Cast, { end, overlapMs }: Life): Promise<void> {
    const { dyno } = cast
    for (const other of this.#alive) if (other.dyno.isOver) this.#retire(other)
    switch (end.by) {
      case 'kill':
        this.#kills++
        if (end.who === 'dyno') dyno.signal('SIGKILL')
        else if (end.who === 'wrapper') dyno.killWrapper()
        else dyno.killCommand()
        // What is left of the bot after a kill of the wrapper stays, as long as it likes.
        await dyno.exited
        break
      case 'moment':
        if (!dyno.isOver) await dyno.stop(GRACE_MS)
        break
      case 'term': {
        this.#handover = isServing(cast) ? { since: Date.now(), opened: new Set() } : undefined
        this.#stop(cast)
        await sleep(overlapMs)
        break
      }
    }
  }

  /** Everybody stops; then one more comes, and must serve. */
  async #epilogue(): Promise<boolean> {
    await this.#stopAll()
    const last = await this.#start('worker.1')
    await this.#whoServes(last)
    const { dc } = this.#of
    const before = dc.messages(ACCOUNT.userId).length
    const until = performance.now() + PATIENCE_MS
    while (performance.now() < until) {
      this.#write()
      await sleep(500)
      const news = dc.messages(ACCOUNT.userId).slice(before)
      if (news.some(({ text }) => text.startsWith('pong'))) return true
    }
    return false
  }

  /**
   * All of a dyno sleeps through the end of its lease, and another takes over. To the data centre its connection stays
   * open, and the bot may send before anybody can stop it: no wrapper can prevent that, so it is counted apart.
   */
  async #freezes(count: number): Promise<number> {
    const { dc } = this.#of
    for (let n = 0; n < count && dc.stats().duplicates === 0; n++) {
      const frozen = [...this.#alive].find(isServing) ?? (await this.#start('worker.1'))
      await this.#whoServes(frozen)
      frozen.dyno.signal('SIGSTOP')
      // So that it does not count as the one who serves.
      frozen.isEnding = true
      const rival = await this.#start('worker.1')
      await this.#whoServes(rival)
      frozen.dyno.signal('SIGCONT')
      this.#write()
      this.#standstills++
      await sleep(TTL_MS)
      await frozen.dyno.stop(GRACE_MS)
      this.#retire(frozen)
    }
    return dc.stats().duplicates
  }

  async #whoServes(next: Cast): Promise<Cast | undefined> {
    const until = performance.now() + PATIENCE_MS
    while (performance.now() < until) {
      const serving = [...this.#alive].find(isServing)
      if (serving) return serving
      if (next.dyno.isOver) return undefined
      await sleep(20)
    }
    return undefined
  }

  /** Somebody new writes, and whoever serves gets to know him. */
  #write(): void {
    const person = { userId: 1000n + BigInt(++this.#people), firstName: `Person ${this.#people}` }
    this.#of.dc.sendMessage(ACCOUNT.userId, '.ping', person)
  }

  async #standStill({ dyno }: Cast, share: number): Promise<void> {
    this.#standstills++
    dyno.signal('SIGSTOP')
    await sleep(TTL_MS * share)
    dyno.signal('SIGCONT')
    await sleep(100)
  }

  /** What CI does that got hold of a copy: the same key, other contents. */
  async #upload(): Promise<void> {
    const { replica, witness } = this.#of
    const { bytes } = await replica.restore()
    const changed = await withPeople(bytes, 1, 1000 + ++this.#people)
    const { revision } = await replica.push(changed)
    witness.uploaded(revision.revision)
    await sleep(200)
  }

  #stop(cast: Cast): void {
    if (cast.isEnding) return
    cast.isEnding = true
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
    if (cast.isArmed && cast.dyno.exitCode === 137) this.#kills++
    this.#gone.push(this.#remove(cast))
  }

  async #remove({ dyno, way }: Cast): Promise<void> {
    await dyno.remove()
    await way.close()
  }
}
