import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openReplica } from '../../../src/config/open-replica.ts'
import { type Environment, readSettings } from '../../../src/config/settings.ts'
import { FakeDc, type FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession } from '../rig.ts'
import { seededRandom } from '../sim-clock.ts'
import { mayMount } from './disk.ts'
import { familyOf } from './bots.ts'
import { Judge } from './judge.ts'
import { type Bot, type Plan, planLives } from './plan.ts'
import { Scene } from './scene.ts'
import { Stage } from './stage.ts'
import { openChaosStore } from './way/store.ts'
import { Witness } from './witness.ts'

/** A lease of 45 s, 25 s for the shutdown: scaled, so that a takeover after a kill takes seconds. */
const TTL_MS = 2000
const SHUTDOWN_MS = 3000

export interface ChaosOptions {
  seed: number
  restarts: number
  /** See ChaosStoreOptions.which. */
  store?: string | undefined
  bots?: readonly Bot[] | undefined
  /** Milliseconds; 2 000 unless given. */
  ttlMs?: number | undefined
  /** A checkout whose build runs in the dynos; this one unless given. */
  root?: string | undefined
  /** Another one, whose build runs in every other dyno. */
  beside?: string | undefined
  /** Milliseconds that the last one has to serve. */
  inTheEndMs?: number | undefined
  /** Only to show that the judge sees what happens then. */
  leaseless?: boolean | undefined
  /** Lives of several TTLs beside rivals; there unless false. */
  withLong?: boolean | undefined
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
  plan: Plan
  /** What was done to the dynos, and what they printed. */
  log: string[]
  /** Mishaps that this machine does not allow. */
  leftOut: string | undefined
}

/** Restarts, kills and freezes dynos for as long as it is told, and then judges what became of the session. */
export async function chaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, restarts, bots, progress, leaseless = false, ttlMs = TTL_MS, withLong } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-chaos-'))
  const withDisks = mayMount()
  const hooks: { onEvent?: (event: FakeDcEvent) => void } = {}
  const dc = await FakeDc.start({ accounts: [ACCOUNT], onEvent: (event) => hooks.onEvent?.(event) })
  let faults = 0
  const store = await openChaosStore({
    which: options.store ?? 'file',
    folder,
    // Requests come in any order: what befalls them must not disturb the plan of the seed.
    random: seededRandom(seed + 1_000_000),
    lateMs: ttlMs,
    onFault: () => faults++,
    withDisks,
  })
  const plan = planLives({ seed, restarts, store: store.kind, bots, withDisks, withLong })
  const env: Environment = {
    PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    TGSESSION_KEY: randomBytes(32).toString('hex'),
    TGSESSION_LEASE_TTL: `${ttlMs}ms`,
    TGSESSION_SHUTDOWN: `${SHUTDOWN_MS}ms`,
    TGSESSION_SAVE_AFTER: '0.4',
    TELEGRAM_API_ID: String(API_ID),
    TELEGRAM_API_HASH: API_HASH,
    // The files of Pyrogram's kin have no place for an address.
    CHAOS_DC: `${dc.host}:${dc.port}`,
  }
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])
    env[name] = process.env[name]
  const settings = await readSettings({ ...env, ...store.env }, { store: true })
  const replica = await openReplica(settings)
  await replica.push(await makeSession(dc))
  const key = (await replica.status()).current?.keyFingerprint
  const witness = new Witness(replica, settings.identities)
  const judge = new Judge({ dc, replica, witness, key })
  const { root, beside } = options
  const of = { folder, store, dc, replica, witness, judge, env, ttlMs, leaseless, withDisks, root, beside }
  const stage = new Stage(of)
  hooks.onEvent = (event) => stage.onEvent(event)
  const scene = new Scene({ stage, progress, inTheEndMs: options.inTheEndMs })
  try {
    const { restarts: lived, servesInTheEnd, family: kept, breaches } = await scene.play(plan)
    const { handovers, kills } = stage
    const result: ChaosResult = {
      seed,
      restarts: lived,
      kills,
      faults: faults + stage.faults,
      duplicates: judge.duplicates,
      logins: dc.stats().logins,
      frozenDuplicates: judge.pardoned,
      lostSaves: (await witness.lostSaves()).length,
      torn: witness.torn.length,
      maxHandoverMs: Math.max(0, ...handovers),
      medianHandoverMs: handovers.toSorted((a, b) => a - b)[Math.floor(handovers.length / 2)] ?? 0,
    }
    const family = familyOf(plan.last)
    // Those of the end, and that for which it ended early, also where it has passed since.
    const found = new Set([...(await judge.breaches({ thorough: true })), ...breaches])
    const broken = [
      ...found,
      ...(servesInTheEnd === false ? ['in the end nobody served'] : []),
      ...(servesInTheEnd && kept !== family ? [`in the end a ${kept} file is stored, not ${family}'s`] : []),
    ]
    const leftOut = withDisks ? undefined : 'full disks: this user may not mount one'
    return { result, broken, plan, log: stage.log, leftOut }
  } finally {
    await stage.close()
    await replica.store.close()
    await store.close()
    await dc.close()
    await rm(folder, { recursive: true, force: true })
  }
}
