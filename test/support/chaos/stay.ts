import { setTimeout as sleep } from 'node:timers/promises'
import { Backup, placeJournal } from './backup.ts'
import { hiddenLine } from './bots.ts'
import type { Cast } from './cast.ts'
import type { Life, Stay } from './plan.ts'
import type { Stage } from './stage.ts'

/**
 * The TTL of whoever serves, in those of the others, and how many of his it lasts. The longer his, the more time somebody
 * has who takes over while he lives to be seen beside him: a loss is noticed at the next renewal.
 */
const TIMES: Record<Stay, { ttl: number; lasts: number }> = {
  'fair weather': { ttl: 1.5, lasts: 2.2 },
  'slow store': { ttl: 2, lasts: 1.8 },
  'late store': { ttl: 1, lasts: 2.7 },
  'late writes': { ttl: 1, lasts: 2.7 },
  'frozen wrapper': { ttl: 1.5, lasts: 1.8 },
  'hidden program': { ttl: 1, lasts: 1 },
  'stale side files': { ttl: 1, lasts: 1 },
  'restored store': { ttl: 1.5, lasts: 2 },
  'failed-over store': { ttl: 1.5, lasts: 2 },
}

/**
 * Of the TTL. A renewal is sent after a third of it, given up after another quarter, and sent again: that one arrives, and
 * then the first one does.
 */
const SLOW = 0.36
/** Of the others, in their own TTL: less than a request may take. */
const OTHERS_SLOW = 0.15
/** So long nothing arrives, in TTLs. */
const LATE = 1.6

/** Everything that was written is saved by then. */
const QUIET_MS = 1500
/** A dyno waits by then, on a machine however busy. */
const BOOT_MS = 10_000

export async function stay(
  stage: Stage,
  life: Life,
  { what, rivals }: NonNullable<Life['stay']>,
): Promise<Cast> {
  const { ttl, lasts } = TIMES[what]
  const ttlMs = stage.of.ttlMs * ttl
  // Who served until now hands over, whoever he was: this life is that of the next one.
  for (const cast of stage.alive) stage.stop(cast)
  const backup = ['restored store', 'failed-over store'].includes(what)
    ? await Backup.take(stage.of.replica)
    : undefined
  const file = what === 'stale side files' ? await placeJournal(stage) : undefined
  const next = await stage.enter({
    name: 'worker.1',
    bot: life.bot,
    line: what === 'hidden program' && life.bot !== 'in process' ? hiddenLine(life.bot) : undefined,
    life,
    env: { TGSESSION_LEASE_TTL: `${ttlMs}ms`, ...(file !== undefined && { TGSESSION_FILE: file }) },
    hasWeather: true,
  })
  const serving = (await stage.whoServes(next)) ?? next
  const others: Cast[] = []
  for (const [n, bot] of rivals.entries())
    others.push(await stage.enter({ name: `worker.${n + 2}`, bot, hasWeather: true }))
  await until(() => others.every(isWaiting) || stage.of.judge.duplicates > 0, BOOT_MS)
  stage.faults++
  if (what === 'slow store') {
    serving.way.slow(ttlMs * SLOW)
    for (const { way } of others) way.slow(stage.of.ttlMs * OTHERS_SLOW)
  }
  if (what === 'late store') {
    serving.way.silence(true)
    stage.later(sleep(ttlMs * LATE).then(() => serving.way.silence(false)))
  }
  if (what === 'late writes') {
    serving.way.holdWrites(true)
    stage.later(sleep(ttlMs * LATE).then(() => serving.way.holdWrites(false)))
  }
  if (what === 'frozen wrapper') {
    // The watchdog has heard of some renewals by then.
    await stage.writeFor(ttlMs * 1.2, serving)
    serving.dyno.signalOne(serving.dyno.pid, 'SIGSTOP')
    stage.later(sleep(ttlMs * LATE).then(() => serving.dyno.signalOne(serving.dyno.pid, 'SIGCONT')))
  }
  if (backup) {
    if (what === 'restored store') {
      await stage.writeFor(ttlMs * 0.6, serving)
      // What is being saved now must not be told of afterwards.
      await sleep(QUIET_MS)
    }
    stage.of.witness.restored(await backup.restore())
    stage.note('the head is what it was before this life')
  }
  await stage.writeFor(ttlMs * lasts, serving)
  return serving
}

/** Those who waited take it, all at once, and time passes in which one who took it wrongly shows. */
export async function succession(stage: Stage): Promise<void> {
  const [other] = [...stage.alive].filter(({ isEnding, dyno }) => !isEnding && !dyno.isOver)
  if (other) await stage.whoServes(other)
  await stage.writeFor(stage.of.ttlMs * 0.6)
  for (const { way } of stage.alive) way.slow(0)
}

async function until(holds: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (!holds() && performance.now() < end) await sleep(20)
}

function isWaiting({ dyno }: Cast): boolean {
  return dyno.isOver || dyno.lines.some((line) => line.includes('event=lease.waiting'))
}
