import type { Clock } from '../clock.ts'
import { NoSessionError, TgsessionError, UnreachableError } from '../errors.ts'
import type { Current, Head } from '../replica/head.ts'
import { pollDelayMs } from '../replica/poll.ts'
import type { KeptSession } from '../replica/kept-session.ts'
import { noSession } from '../replica/refusals.ts'
import type { Report } from './report.ts'

/**
 * Waits, without the lease, until the head names a session that may be served. Says once what it waits for.
 * `avoid` is the key of a revision that was tried and found unusable.
 */
export async function awaitSession(
  replica: KeptSession,
  options: {
    signal: AbortSignal
    clock: Clock
    report: Report
    avoid: string | undefined
    onAwaiting: (error: TgsessionError) => void
  },
): Promise<Current> {
  const { signal, clock, report, avoid, onAwaiting } = options
  const began = clock.now()
  let told: string | undefined
  for (;;) {
    const awaited = await replica.status({ signal, patienceMs: 10_000 }).then(
      (head) => servable(head, replica.name, avoid),
      (error: unknown) => {
        if (error instanceof UnreachableError) return error
        throw error
      },
    )
    if (!(awaited instanceof TgsessionError)) return awaited
    onAwaiting(awaited)
    if (told !== awaited.code) report('session.waiting', { for: awaited.message, hint: awaited.hint })
    told = awaited.code
    await clock.sleep(pollDelayMs(clock.now() - began), signal)
  }
}

/** The session that the head names, or why it may not be served. */
export function servable(
  { current }: Pick<Head, 'current'>,
  name: string,
  avoid?: string,
): Current | NoSessionError {
  if (!current) return noSession(name)
  const next = 'Log in again with `tgsession login`, or store another session with `tgsession push`.'
  if (current.dead !== null)
    return new NoSessionError(
      'session.dead',
      `Telegram does not take the session named ${name} any more (${current.dead})`,
      {
        hint: next,
      },
    )
  if (current.key === avoid)
    return new NoSessionError(
      'session.unusable',
      `the session named ${name} lost its key twice while it was used`,
      {
        hint: `What the program made of it is kept aside: see \`tgsession status\`. ${next}`,
      },
    )
  return current
}
