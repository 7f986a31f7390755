import type { Stats } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { BadDataError } from '../../../base/errors.ts'
import { openedBy } from '../../../base/held-open.ts'
import { familyOf, SIDE_FILES } from '../../../base/write-file.ts'
import type { Lease } from '../../../lease/lease.ts'
import { references, type Revision } from '../../../replica/head.ts'
import type { Replica } from '../../../replica/replica.ts'
import { verifySession } from '../../../session/inspect.ts'
import type { Report } from '../../../base/life/report.ts'
import { captureFinal } from './capture.ts'
import { FileLock, type Served } from './file-lock.ts'

/** What the folders of sessions are called, in that for temporary files. */
export const PREFIX = 'tgsession-'

export interface LeftoverOptions {
  replica: Replica
  lease: Lease
  /** The session that is served now. */
  current: Revision
  clock: Clock
  report: Report
}

/**
 * Sees to it that a session file, which a wrapper that was killed may have left, can be written over or removed without
 * the loss of an auth key: one that the store does not hold is quarantined first. Returns false for a file that cannot be
 * read; it must stay.
 */
export async function quarantineLeftover(
  file: string,
  { replica, lease, current, report }: LeftoverOptions,
): Promise<boolean> {
  const found = await lookAt(file)
  if (found === undefined || found.size === 0) return true
  try {
    const bytes = await captureFinal(file)
    const { keyFingerprint } = await verifySession(bytes)
    const kept = replica.lastSeen ? references(replica.lastSeen) : [current]
    if (kept.some((revision) => revision.keyFingerprint === keyFingerprint)) return true
    const saved = await replica.save(lease, current, bytes, { signal: lease.signal })
    if (saved.outcome === 'quarantined')
      report('session.quarantined', {
        revision: saved.revision.revision,
        key: keyFingerprint,
        reason: 'it was left by a program of before',
      })
    return true
  } catch (error) {
    // Nobody ever logged in with it: nothing is lost.
    if (error instanceof BadDataError && error.code === 'session.no_key') return true
    if (error instanceof BadDataError || isSqliteError(error)) return false
    throw error
  }
}

/** Removes the folders that killed wrappers of this session have left beside `own`, unless something still uses them. */
export async function sweep(own: string, served: Served, how: LeftoverOptions): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = path.join(tmpdir(), name)
    if (!name.startsWith(PREFIX) || folder === own || !(await isOurs(folder))) continue
    try {
      await sweepOne(folder, served, how)
    } catch (error) {
      // The wrapper that it belongs to was ending, and has removed it meanwhile.
      if ((await lookAt(folder)) !== undefined) throw error
    }
  }
}

async function sweepOne(folder: string, served: Served, how: LeftoverOptions): Promise<void> {
  const file = path.join(folder, sessionName(served.name))
  if (!(await FileLock.isOf(file, served)) || openedBy(familyOf(file)) !== undefined) return
  const lock = await FileLock.tryTake(file, served)
  if (lock === null) return
  try {
    if (await quarantineLeftover(file, how)) await removeFolder(folder)
  } finally {
    await lock.release()
  }
}

/** Another wrapper may look into it at this moment, and make something there. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** The default name of a session's file. */
export function sessionName(name: string): string {
  return `${encodeURIComponent(name).slice(0, 100)}.session`
}

/** Gives a session file, with what SQLite keeps beside it, a name that is never written to. Undefined if there is none. */
export async function setAside(file: string): Promise<string | undefined> {
  if (!(await isFile(file))) return undefined
  const stem = file.slice(0, -'.session'.length)
  for (let number = 1; ; number++) {
    const kept = `${stem}.kept-${number}.session`
    if ((await lookAt(kept)) !== undefined) continue
    for (const suffix of SIDE_FILES) await rename(file + suffix, kept + suffix).catch(() => undefined)
    await rename(file, kept)
    return kept
  }
}

export async function isFile(file: string): Promise<boolean> {
  return (await lookAt(file))?.isFile() ?? false
}

async function isOurs(folder: string): Promise<boolean> {
  const found = await lookAt(folder)
  return found !== undefined && found.isDirectory() && found.uid === process.getuid?.()
}

async function lookAt(file: string): Promise<Stats | undefined> {
  return await lstat(file).catch(() => undefined)
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error
}
