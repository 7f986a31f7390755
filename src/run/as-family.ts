import type { Lease } from '../lease/lease.ts'
import type { Replica, Restored } from '../replica/replica.ts'
import { convertToFile } from '../session/convert.ts'
import type { FamilyName } from '../session/formats/family.ts'
import { withOlder } from '../session/merge.ts'
import { readAnySession } from '../session/read-session.ts'
import { type AccountSources, withAccount } from './account.ts'
import { describeError, type Report } from '../base/life/report.ts'

export interface AsFamilyOptions extends AccountSources {
  replica: Replica
  lease: Lease
  report: Report
  /** Which file the program opens; as it is stored, unless given. */
  family?: FamilyName | undefined
  apiId?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * The session as a file of the family that its program opens. Where another is stored it is converted, with what older
 * revisions of the same auth key know and the stored one has no place for, and stored as a new revision of that key.
 * @throws UsageError as `withAccount`
 */
export async function asFamily(restored: Restored, options: AsFamilyOptions): Promise<Restored> {
  const { replica, lease, report, family, apiId, signal } = options
  const { revision, bytes } = restored
  const stored = revision.family ?? 'telethon'
  if (family === undefined || family === stored) return restored
  const older = await replica.former(revision, { signal })
  const sessions = await Promise.all(older.map((one) => readAnySession(one)))
  const merged = withOlder(
    (await readAnySession(bytes)).session,
    sessions.map(({ session }) => session),
  )
  const isOptional = family === 'telethon' || family === 'mtcute'
  const session = isOptional ? merged : await withAccount(merged, bytes, options)
  const made = await convertToFile(session, { family, apiId: session.apiId ?? apiId })
  try {
    const saved = await replica.save(lease, revision, made, { signal })
    report('session.converted', { revision: saved.revision.revision, from: stored, to: family })
    return { revision: { ...saved.revision, dead: revision.dead }, bytes: made }
  } catch (error) {
    // The first save of the program stores it in its new form.
    signal?.throwIfAborted()
    report('save.failed', describeError(error))
    return { revision, bytes: made }
  }
}
