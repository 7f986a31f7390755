import path from 'node:path'
import type { Environment } from '../../../src/config/settings.ts'
import { ROOT, SimulatedDyno } from '../cli/dyno.ts'
import { SmallDisk } from './disk.ts'
import type { Life, NetworkMoment } from './plan.ts'
import type { ChaosStore, WayToStore } from './way/store.ts'

const WORK_DISK_MB = 4

export interface CastOptions {
  name: string
  folder: string
  /** What lies in its folder. */
  root?: string | undefined
  line: string
  env: Environment
  store: ChaosStore
  /** Its folder for temporary files is a small disk of its own. */
  withDisk: boolean
  /** Its way to the store may be made slow. */
  hasWeather?: boolean
  life?: Life | undefined
  onLine: (line: string) => void
}

export interface Heard {
  message: number
  /** Who wrote it. */
  userId: bigint
}

/** A dyno on the stage, with a way to the store of its own. */
export class Cast {
  readonly dyno: SimulatedDyno
  readonly way: WayToStore
  /** Its folder for temporary files, where this machine allows small ones. */
  readonly disk: SmallDisk | undefined
  readonly #isArmed: boolean
  readonly #heard: (Heard & { turn: number })[] = []
  isEnding = false

  private constructor(dyno: SimulatedDyno, way: WayToStore, disk: SmallDisk | undefined, isArmed: boolean) {
    this.dyno = dyno
    this.way = way
    this.disk = disk
    this.#isArmed = isArmed
  }

  static async enter(options: CastOptions): Promise<Cast> {
    const { name, folder, root, line, env, store, withDisk, hasWeather = false, life, onLine } = options
    const holder: { dyno?: SimulatedDyno } = {}
    const { end, mishap, part } = life ?? {}
    const death = end?.by === 'moment' ? end : undefined
    let left = death?.nth
    const way = await store.way((moment: NetworkMoment) => {
      if (death?.at !== moment || left === undefined || --left !== 0) return
      if (death.who === 'dyno') holder.dyno?.signal('SIGKILL')
      else holder.dyno?.killWrapper()
    })
    const tmp = path.join(folder, 'tmp')
    const disk = withDisk ? await SmallDisk.mount(tmp, WORK_DISK_MB) : undefined
    if (mishap === 'full work disk' && part !== undefined && part > 0.75) await disk?.fill()
    const dyno = await SimulatedDyno.start({
      name,
      folder,
      root,
      line,
      env: { ...env, ...way.env, ...preloaded(life, hasWeather) },
      onLine,
    })
    holder.dyno = dyno
    return new Cast(dyno, way, disk, death !== undefined)
  }

  /** Its bot has connected since it was last started. */
  get isServing(): boolean {
    const news = /event=(command\.(started|ended)|lease\.(lost|released))|: connected$/
    const last = this.dyno.lines.findLast((line) => news.test(line))
    return !this.isEnding && !this.dyno.isOver && last?.endsWith('connected') === true
  }

  /** Whoever is written to and answers knows who wrote. */
  hears(message: Heard): void {
    this.#heard.push({ ...message, turn: this.#turn })
  }

  /**
   * Whom it knows by now, since it has answered them: given once it is over, and only those who are its to save. After
   * a loss of the lease, or beside another session, it starts again with what is stored.
   */
  learnt(texts: ReadonlySet<string>): () => bigint[] {
    const answered = this.#heard.filter(({ message }) => texts.has(`pong (asked ${message})`))
    return () => answered.filter(({ turn }) => turn === this.#turn).map(({ userId }) => userId)
  }

  /** By its own account everything is saved. */
  get hasEndedWell(): boolean {
    return this.dyno.exitCode === 0 || this.dyno.exitCode === 143
  }

  get #turn(): number {
    return this.dyno.lines.filter((line) => /event=(session\.again|lease\.lost)/.test(line)).length
  }

  /** It has died at the moment that was meant for it. */
  get wasKilled(): boolean {
    return this.#isArmed && this.dyno.exitCode === 137
  }

  async leave(): Promise<void> {
    await this.dyno.kill()
    await this.disk?.unmount()
    await this.dyno.remove()
    await this.way.close()
  }
}

/** Everything that must happen inside of the dyno's own processes. */
function preloaded(life: Life | undefined, hasWeather: boolean): Environment {
  const { end, mishap, part = 0, skewMs = 0 } = life ?? {}
  const jumpMs = mishap === 'clock jump' ? (part < 0.5 ? -600_000 : 600_000) : 0
  if (end?.by !== 'moment' && mishap !== 'deaf bot' && skewMs === 0 && jumpMs === 0 && !hasWeather) return {}
  return {
    NODE_OPTIONS: `--import=${path.join(ROOT, 'test/support/chaos/preload.ts')}`,
    CHAOS_DIE_AT: end?.by === 'moment' ? `${end.at}#${end.nth}` : '',
    CHAOS_WHO: end?.by === 'moment' ? end.who : '',
    CHAOS_DEAF: mishap === 'deaf bot' ? '1' : '',
    CHAOS_SKEW_MS: String(skewMs),
    CHAOS_JUMP_MS: String(jumpMs),
  }
}
