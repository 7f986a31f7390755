import type { Clock } from '../base/clock.ts'
import { BadDataError, NoSessionError, TgsessionError, UnreachableError } from '../base/errors.ts'
import type { Current, Head } from '../replica/head.ts'
import { pollDelayMs } from '../lease/poll.ts'
import type { Replica } from '../replica/replica.ts'
import { afterDeath, noSession } from '../replica/refusals.ts'
import type { Report } from '../base/life/report.ts'

export interface Awaiting {
  signal: AbortSignal
  clock: Clock
  report: Report
  onAwaiting: (error: TgsessionError) => void
}

/**
 * Waits, without the lease, until the head names a session that may be served. `avoid` is the key of a revision that
 * was tried and found unusable.
 */
export async function awaitSession(
  replica: Replica,
  options: Awaiting & { avoid: string | undefined },
): Promise<Current> {
  const { signal, avoid } = options
  return await askUntil(options, async () =>
    servable(await replica.status({ signal, patienceMs: 10_000 }), replica.name, avoid),
  )
}

/** Asks until the answer is no error. Says once what it waits for: a session that is not there, a store that is silent. */
export async function askUntil<T>(
  { signal, clock, report, onAwaiting }: Awaiting,
  ask: () => Promise<T | NoSessionError>,
): Promise<T> {
  const began = clock.now()
  let told: string | undefined
  for (;;) {
    const awaited = await ask().catch((error: unknown) => {
      if (error instanceof UnreachableError || error instanceof NoSessionError) return error
      throw error
    })
    if (!(awaited instanceof TgsessionError)) return awaited
    onAwaiting(awaited)
    if (told !== awaited.code) report('session.waiting', { for: awaited.message, hint: awaited.hint })
    told = awaited.code
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/**
 * What `work` returns, as soon as this release understands the head. Until then nothing may be changed under that
 * name: it waits as it does for a lease, and says so once.
 */
export async function untilUnderstood<T>(
  { signal, clock, report, onAwaiting }: Awaiting,
  work: () => Promise<T>,
): Promise<T> {
  const began = clock.now()
  for (let isTold = false; ; isTold = true) {
    try {
      return await work()
    } catch (error) {
      if (!isNewer(error)) throw error
      onAwaiting(error)
      if (!isTold) report('head.newer', { message: error.message, hint: error.hint })
    }
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/** A newer release has written the head. */
export function isNewer(error: unknown): error is BadDataError {
  return error instanceof BadDataError && error.code === 'head.newer'
}

/** The session that the head names, or why it may not be served. */
export function servable(
  { current }: Pick<Head, 'current'>,
  name: string,
  avoid?: string,
): Current | NoSessionError {
  if (!current) return noSession(name)
  if (current.dead !== null)
    return new NoSessionError(
      'session.dead',
      `Telegram does not take the session named ${name} any more (${current.dead})`,
      { hint: afterDeath(current.dead) },
    )
  if (current.objectKey === avoid)
    return new NoSessionError(
      'session.unusable',
      `the session named ${name} lost its key twice while it was used`,
      {
        hint: `What the program made of it is quarantined: see \`tgsession status\`. ${afterDeath('')}`,
      },
    )
  return current
}

/** It did not even say that it could not be reached. */
export function noAnswer(label: string, ms: number): UnreachableError {
  return new UnreachableError('store.no_answer', `${label} did not answer in ${ms / 1000} s`, {
    hint: 'The session is not lost. Check the network, and the address in TGSESSION_STORE.',
  })
}
