import { setTimeout as sleep } from 'node:timers/promises'
import { ACCOUNT } from '../rig.ts'
import type { Cast } from './cast.ts'
import type { Bot, Life, Plan } from './plan.ts'
import { GRACE_MS, type Stage } from './stage.ts'
import { stay, succession } from './stay.ts'

export interface SceneOptions {
  stage: Stage
  /** Milliseconds that the last one has to serve, with nobody in his way; two minutes unless given, for any machine. */
  inTheEndMs?: number | undefined
  progress?: ((line: string) => void) | undefined
}

export interface Played {
  restarts: number
  /** Null where it did not come to that. */
  servesInTheEnd: boolean | null
  /** Whose file was stored then: those who are frozen after that may be of another family. */
  family: string
  /** For which it ended before the plan did. */
  breaches: string[]
}

/** What happens to dynos, one life after the other, until a promise is broken. */
export class Scene {
  readonly #stage: Stage
  readonly #of: SceneOptions

  constructor(of: SceneOptions) {
    this.#stage = of.stage
    this.#of = of
  }

  async play({ lives, last, frozen }: Plan): Promise<Played> {
    const { progress } = this.#of
    const stage = this.#stage
    const { judge } = stage.of
    let restarts = 0
    let breaches: string[] = []
    for (const life of lives) {
      stage.note(`life ${++restarts}: ${JSON.stringify(life)}`)
      const cast = await this.#live(life)
      await this.#end(cast, life)
      breaches = await judge.breaches()
      const what = life.stay?.what ?? life.mishap
      progress?.(
        `${restarts} ${life.bot}, ${what}, ${Object.values(life.end).join(' ')}: ${judge.duplicates} duplicates`,
      )
      if (breaches.length > 0) break
    }
    const servesInTheEnd = breaches.length > 0 ? null : await this.#epilogue(last)
    const family = (await stage.of.replica.status()).current?.family ?? 'telethon'
    if (servesInTheEnd) for (const bot of frozen) if (bot === 'in process') await this.#freeze(bot)
    const { duplicates } = judge
    if (servesInTheEnd && duplicates === 0)
      for (const bot of frozen) if (bot !== 'in process') await this.#freeze(bot)
    judge.pardoned = judge.duplicates - duplicates
    await stage.stopAll()
    return { restarts, servesInTheEnd, family, breaches }
  }

  /** The next one starts, others beside it; whoever serves has this life. */
  async #live(life: Life): Promise<Cast> {
    const stage = this.#stage
    const { leaseless, ttlMs } = stage.of
    // Rivals go one life later, in the middle of whatever they do.
    for (const cast of stage.alive) if (cast.dyno.name !== 'worker.1' && !cast.isServing) stage.stop(cast)
    if (life.stay) return await stay(stage, life, life.stay)
    const next = await stage.enter({ name: 'worker.1', bot: life.bot, life })
    const rivals = life.mishap === 'rival' ? 1 : life.mishap === 'rivals' ? 4 : 0
    const env = { TGSESSION_LEASE_TTL: `${Math.round(ttlMs * (1 + life.part * 0.5))}ms` }
    for (let n = 0; n < rivals; n++) await stage.enter({ name: `worker.${n + 2}`, bot: life.bot, env })
    if (life.mishap === 'early stop') {
      await sleep(life.part * 900)
      return next
    }
    const serving = (await stage.whoServes(next)) ?? next
    // Two at once have nothing to wait for.
    if (leaseless && stage.of.judge.duplicates > 0) return serving
    await this.#befall(serving, life)
    await stage.writeFor(life.servesMs, serving)
    return serving
  }

  /** What is to happen while it serves. */
  async #befall({ dyno }: Cast, { mishap, part }: Life): Promise<void> {
    const stage = this.#stage
    const { store, ttlMs } = stage.of
    if (mishap !== 'none') stage.faults++
    if (mishap === 'freeze') {
      // A renewal may be a third of the TTL old, and the machine is busy: half is as much as can be promised here.
      dyno.signal('SIGSTOP')
      await sleep(ttlMs * part * 0.5)
      dyno.signal('SIGCONT')
    } else if (mishap === 'upload') {
      await stage.upload()
    } else if (mishap === 'full work disk') {
      const disks = [...stage.alive].flatMap(({ disk }) => disk ?? [])
      for (const disk of disks) await disk.fill()
      stage.write()
      await sleep(800)
      if (part < 0.4) for (const disk of disks) await disk.free()
    } else if (mishap === 'full store') {
      stage.write()
      await store.disk?.fill()
      await sleep(ttlMs * part * 1.5)
      await store.disk?.free()
    }
  }

  async #end(cast: Cast, life: Life): Promise<void> {
    const stage = this.#stage
    const { dyno } = cast
    const { end } = life
    for (const other of stage.alive) if (other.dyno.isOver) stage.retire(other)
    switch (end.by) {
      case 'kill':
        stage.kills++
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
    if (life.stay) await succession(stage)
  }

  async #restart(cast: Cast, { mishap, part, overlapMs }: Life): Promise<void> {
    const stage = this.#stage
    if (cast.isServing) stage.beginHandover()
    else stage.endHandover()
    if (mishap === 'store down at the stop') cast.way.silence(true)
    stage.stop(cast)
    if (mishap === 'store down at the stop') void sleep(part * GRACE_MS).then(() => cast.way.silence(false))
    if (mishap === 'two SIGTERMs') void sleep(part * 300).then(() => cast.dyno.signal('SIGTERM'))
    if (mishap === 'upload at the stop') stage.later(sleep(part * 1000).then(() => stage.upload()))
    await sleep(overlapMs)
  }

  /** Everybody stops; then one more comes, and must serve. */
  async #epilogue(bot: Bot): Promise<boolean> {
    const stage = this.#stage
    const { dc } = stage.of
    await stage.stopAll()
    const last = await stage.enter({ name: 'worker.1', bot })
    const { inTheEndMs = 120_000 } = this.#of
    const until = performance.now() + inTheEndMs
    await stage.whoServes(last, inTheEndMs)
    const before = dc.messages(ACCOUNT.userId).length
    while (performance.now() < until) {
      stage.write()
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
    const stage = this.#stage
    await stage.stopAll()
    const frozen = await stage.enter({ name: 'worker.1', bot })
    await stage.whoServes(frozen)
    stage.note('SIGSTOP, for longer than the lease lasts')
    frozen.dyno.signal('SIGSTOP')
    // So that it does not count as the one who serves.
    frozen.isEnding = true
    const rival = await stage.enter({ name: 'worker.1', bot })
    await stage.whoServes(rival)
    stage.note('SIGCONT')
    frozen.dyno.signal('SIGCONT')
    stage.write()
    stage.faults++
    await sleep(2000)
    await frozen.dyno.stop(GRACE_MS)
    stage.retire(frozen)
  }
}
