import type { Clock } from '../base/clock.ts'
import { BadDataError, ConfigurationError, ConflictError } from '../base/errors.ts'
import type { StoreOptions } from '../store/store.ts'
import { save } from './changes.ts'
import type { Claims } from './claims.ts'
import type { Current, Revision } from './head.ts'
import type { ChangeOptions, HeadFile } from './head-file.ts'
import type { Lease } from '../lease/lease.ts'
import type { RevisionWriter } from './revision-writer.ts'
import type { Revisions } from './revisions.ts'

export interface RepairParts {
  /** The writer's name, for people. */
  label: string
  clock: Clock
  head: HeadFile
  revisions: Revisions
  writer: RevisionWriter
  claims: Claims
}

/**
 * The session of a damaged current: read once more, else the newest sound revision of the same key, written as a new
 * one under the lease. Null where current is another one by now. Throws BadDataError (`replica.no_sound_revision`), or
 * ConfigurationError (`key.wrong`, `key.missing`) if others may be sound that the keys here do not open.
 */
export async function repair(
  parts: RepairParts,
  lease: Lease,
  damaged: Current,
  options: StoreOptions & ChangeOptions,
): Promise<{ revision: Current; bytes: Uint8Array; userId: string | null } | null> {
  const head = await parts.head.read(options)
  if (head.current?.objectKey !== damaged.objectKey) return null
  const wrongKeys: ConfigurationError[] = []
  const sound = async (revision: Revision): ReturnType<typeof openSound> =>
    await openSound(parts.revisions, revision, wrongKeys, options)
  const again = await sound(damaged)
  if (again) return { ...again, revision: damaged }
  const older = [...head.history, ...(head.lastLogin ? [head.lastLogin] : [])]
    .filter(
      ({ keyFingerprint, objectKey: key }) =>
        keyFingerprint === damaged.keyFingerprint && key !== damaged.objectKey,
    )
    .toSorted((a, b) => b.revision - a.revision)
  for (const candidate of older) {
    const found = await sound(candidate)
    if (!found) continue
    const { bytes, userId } = found
    const verified = {
      keyFingerprint: damaged.keyFingerprint,
      userId: userId ?? candidate.userId,
      family: candidate.family,
    }
    const notice = noticeOf(
      parts,
      `revision ${damaged.revision} was damaged; revision ${candidate.revision}, of the same key, was put in its place`,
    )
    const how = { lease, base: damaged, notice }
    try {
      const revision = await parts.writer.write(bytes, verified, (...named) => save(how, ...named), {
        ...options,
        onProgress: undefined,
      })
      return { revision: { ...revision, dead: damaged.dead }, bytes, userId }
    } catch (error) {
      if (error instanceof ConflictError && error.code === 'replica.superseded') return null
      throw error
    }
  }
  const [wrongKey] = wrongKeys
  if (wrongKey)
    throw new ConfigurationError(
      wrongKey.code,
      `revision ${damaged.revision} is damaged; others may be sound, but ${wrongKey.message}`,
      { hint: wrongKey.hint, cause: wrongKey },
    )
  throw new BadDataError(
    'replica.no_sound_revision',
    `revision ${damaged.revision} is damaged, and no other revision with its key is sound`,
    {
      hint: 'Nothing was changed. `tgsession history` lists what is there; a backup of the session file can be stored with `tgsession push`. A copy of the key may still be alive elsewhere: log in again only if there is none.',
    },
  )
}

/** For `status`: what was done without being asked, or by a person. */
export function noticeOf({ clock, label }: Pick<RepairParts, 'clock' | 'label'>, what: string): string {
  return `${what}, ${new Date(clock.wall()).toISOString()} by ${label}`
}

/** Null for what is damaged, or cannot be opened with the keys that are here, which is then told to `wrongKeys`. */
async function openSound(
  revisions: Revisions,
  revision: Revision,
  wrongKeys: ConfigurationError[],
  options: StoreOptions,
): Promise<{ bytes: Uint8Array; userId: string | null } | null> {
  try {
    return await revisions.get(revision, options)
  } catch (error) {
    if (error instanceof BadDataError) return null
    if (!(error instanceof ConfigurationError && error.code.startsWith('key.'))) throw error
    wrongKeys.push(error)
    return null
  }
}
