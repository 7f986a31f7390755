import type { Clock } from '../base/clock.ts'
import { BadDataError, UnreachableError } from '../base/errors.ts'
import { describeLoss, type Report } from '../base/life/report.ts'
import type { ImportSource } from '../config/import-source.ts'
import type { Lease } from '../lease/lease.ts'
import { awaitsFormer, takesImport } from '../replica/login/import.ts'
import type { Replica } from '../replica/replica.ts'
import { convertToFile } from '../session/convert.ts'
import { decodeSessionString } from '../session/formats/strings/session-string.ts'
import { isNewer } from './await-session.ts'

/** What TGSESSION_IMPORT names, and why it must not be stored here, where that is so. */
export interface Importing extends ImportSource {
  lost?: { message: string; hint: string } | undefined
}

interface ImportOptions {
  signal: AbortSignal
  report: Report
  userId?: bigint | undefined
}

/**
 * Stores the session that lies beside the program, where the store has none that lives. What speaks against it is
 * reported: it never ends a program that has a session, and one that has none waits for it as ever.
 */
export async function importSession(
  replica: Replica,
  { text, lost }: Importing,
  { signal, report, userId }: ImportOptions,
): Promise<void> {
  const read = { signal, patienceMs: 10_000 }
  if (!takesImport(await replica.status(read))) return
  if (lost) {
    report('import.refused', { code: 'store.lost_disk', ...lost })
    return
  }
  try {
    const { session } = decodeSessionString(text)
    const revision = await replica.import(await convertToFile(session, { userId }), read)
    if (revision) report('session.imported', { revision: revision.revision, key: revision.keyFingerprint })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof UnreachableError || isNewer(error)) throw error
    report('import.refused', isNoString(error) ? NO_STRING : describeLoss(error))
  }
}

/**
 * Waits, with the lease, for the end of the instance from which the session was imported: that one has no lease, and
 * would use the same auth key at the same time.
 */
export async function awaitFormerInstance(
  replica: Replica,
  lease: Lease,
  options: { signal: AbortSignal; clock: Clock; report: Report; waitMs: number },
): Promise<void> {
  const { signal, clock, report, waitMs } = options
  const head = replica.lastSeen
  if (!head || !awaitsFormer(head)) return
  if (waitMs > 0) {
    report('import.waiting', {
      message: 'the session was imported, and the bot that had it may still run here: it has no lease',
      seconds: waitMs / 1000,
      hint: 'If it does not, TGSESSION_IMPORT_WAIT=0 starts at once.',
    })
    await clock.sleep(waitMs, signal)
  }
  try {
    await replica.formerIsGone(lease, { signal })
  } catch (error) {
    signal.throwIfAborted()
    // The next start waits once more.
    report('import.not_settled', describeLoss(error))
  }
}

function isNoString(error: unknown): boolean {
  return error instanceof BadDataError && error.code === 'session.not_a_string'
}

const NO_STRING = {
  code: 'session.not_a_string',
  message: 'TGSESSION_IMPORT is neither a session string nor the name of a variable that holds one',
  hint: 'Copy the string again, as a whole, or name the variable: TGSESSION_IMPORT=SESSION_STRING.',
}
