import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openReplica } from '../src/config/open-replica.ts'
import { type Environment, readSettings } from '../src/config/settings.ts'
import { FakeDc, type FakeDcEvent } from '../src/fake-dc/fake-dc.ts'
import { withPeople } from '../test/support/chaos/witness.ts'
import { SimulatedDyno } from '../test/support/cli/dyno.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession } from '../test/support/rig.ts'
import { S3Server } from '../test/support/store/s3-server.ts'

/** A data centre, a store with a session in it, and dynos: what every figure is measured on. */
export class Stage {
  readonly dc: FakeDc
  readonly s3: S3Server | null
  /** What the data centre saw. */
  readonly events: FakeDcEvent[]
  readonly #env: Environment
  readonly #folder: string
  readonly #dynos: SimulatedDyno[] = []

  private constructor(
    dc: FakeDc,
    s3: S3Server | null,
    events: FakeDcEvent[],
    env: Environment,
    folder: string,
  ) {
    this.dc = dc
    this.s3 = s3
    this.events = events
    this.#env = env
    this.#folder = folder
  }

  /** `people`: how many the session knows, at 100 bytes each; none by default. */
  static async open(
    kind: 'file' | 's3',
    options: { people?: number; env?: Environment } = {},
  ): Promise<Stage> {
    const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-bench-'))
    const events: FakeDcEvent[] = []
    const dc = await FakeDc.start({ accounts: [ACCOUNT], onEvent: (event) => events.push(event) })
    const s3 = kind === 's3' ? await S3Server.start() : null
    if (s3) Object.assign(process.env, { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: 'secret' })
    const all: Environment = {
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      AWS_ACCESS_KEY_ID: s3?.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'secret',
      TGSESSION_STORE: s3?.url('bench') ?? `file:${path.join(folder, 'store')}`,
      TGSESSION_KEY: randomBytes(32).toString('hex'),
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
      ...options.env,
    }
    const replica = await openReplica(await readSettings(all, { store: true }))
    await replica.push(await withPeople(await makeSession(dc), options.people ?? 0))
    await replica.store.close()
    return new Stage(dc, s3, events, all, folder)
  }

  async dyno(line?: string, onLine?: (line: string) => void): Promise<SimulatedDyno> {
    const folder = path.join(this.#folder, `dyno-${this.#dynos.length}`)
    const dyno = await SimulatedDyno.start({
      name: 'worker.1',
      folder,
      env: this.#env,
      line,
      ...(onLine && { onLine }),
    })
    this.#dynos.push(dyno)
    return dyno
  }

  async close(): Promise<void> {
    for (const dyno of this.#dynos) await dyno.remove()
    await this.dc.close()
    await this.s3?.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
