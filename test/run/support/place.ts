import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after } from 'node:test'
import type { RunOptions } from '../../../src/run/command/run.ts'
import { entityNames, openTestReplica, Running, TTL_MS } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'

export const program = (name: string): string => path.join(import.meta.dirname, '../programs', name)
export const SERVE = [process.execPath, program('serve.ts')] as const

/** A store, and `run` on it. Each test has its own, so that they may run together. */
export class Place {
  readonly store = new ScriptedStore()
  /** What programs/serve.ts writes. */
  readonly #log: string
  readonly #ttlMs: number
  readonly #started: Running[] = []

  constructor(log: string, ttlMs: number) {
    this.#log = log
    this.#ttlMs = ttlMs
  }

  async push(bytes: Uint8Array): Promise<void> {
    await openTestReplica(this.store, 'ci').push(Uint8Array.from(bytes))
  }

  /** Saves at the end only, unless `options` say otherwise. */
  start(argv: readonly string[], options: Partial<RunOptions> = {}, replica = this.#replica()): Running {
    const env = { ...process.env, LOG: this.#log, ...options.env }
    const running = new Running(replica, argv, { quietMs: 60_000, maxMs: 60_000, ...options, env })
    this.#started.push(running)
    return running
  }

  lines(): string[] {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trim().split('\n') : []
  }

  events(): (string | undefined)[] {
    return this.lines().map((line) => line.split(' ')[0])
  }

  starts(): number {
    return this.events().filter((event) => event === 'start').length
  }

  async pid(): Promise<number> {
    const line = await until(
      () => this.lines().find((one) => one.startsWith('start ')),
      'the start of the program',
    )
    return Number(line.split(' ')[1])
  }

  /** The names of the entities in the session that is stored. */
  async saved(): Promise<string[]> {
    return await entityNames((await openTestReplica(this.store).restore()).bytes)
  }

  stop(): void {
    this.store.broken = undefined
    for (const running of this.#started) running.stop()
  }

  #replica(): ReturnType<typeof openTestReplica> {
    return openTestReplica(this.store, 'worker.1', this.#ttlMs)
  }
}

/** To be called by a suite, which makes a place in each of its tests: with a session, if that is given. */
export function places(ttlMs = TTL_MS): (session?: Uint8Array) => Promise<Place> {
  const folder = temporaryFolder()
  const made: Place[] = []
  after(() => {
    for (const place of made) place.stop()
  })
  return async (session) => {
    const place = new Place(path.join(folder, `${made.length}.log`), ttlMs)
    made.push(place)
    if (session) await place.push(session)
    return place
  }
}
