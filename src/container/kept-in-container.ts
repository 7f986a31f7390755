import { createHash } from 'node:crypto'
import { BadDataError } from '../base/errors.ts'
import type { Current, Revision } from '../replica/head.ts'
import type { KeptSession, Restored, SaveOutcome } from '../replica/kept-session.ts'
import type { Lease } from '../lease/lease.ts'
import type { LeaseOptions } from '../lease/take.ts'
import { checkAccount, noSession } from '../replica/refusals.ts'
import { keyFingerprint } from '../session/inspect.ts'
import type { Access } from './access.ts'
import { quarantine } from './rows/quarantine.ts'
import { readCurrent, stampDead, stampSaved } from './rows/current.ts'
import type { Db } from './tables/database.ts'
import { leaseFence } from './lease/fence.ts'
import { mergeChanges } from './rows/merge-changes.ts'
import { readRows } from './rows/read-rows.ts'
import { readSource } from './transfer/read-source.ts'
import { type Changes, SqlStorage } from './rows/sql-storage.ts'
import { telethonFile } from './rows/telethon-bytes.ts'
import { type RowsOf, writeRows } from './rows/write-rows.ts'

export interface KeepOptions {
  /** The only account that may be used under this id. */
  userId?: string | undefined
}

/**
 * A session of a container for `run`, which hands it to a command as a file. Of what the command has made of the file,
 * the rows that changed are written; a changed key is quarantined. Whoever else puts a session in its place ends the
 * lease, so that no holder need look.
 */
export class KeptInContainer implements KeptSession {
  readonly name: string
  readonly store: { readonly label: string }
  readonly lastSeen = undefined
  readonly #access: Access
  readonly #of: RowsOf
  readonly #userId: string | undefined
  /** The rows as the database has them. */
  #rows = unlimited()

  constructor(access: Access, id: string, { userId }: KeepOptions) {
    this.#access = access
    this.#of = access.rowsOf(id)
    this.#userId = userId
    this.name = id
    this.store = { label: access.database.label }
  }

  async status({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<{ current: Current | null }> {
    await this.#access.prepare()
    return { current: await this.#access.database.run((db) => readCurrent(this.#of, db), signal) }
  }

  lease(options: Pick<LeaseOptions, 'signal' | 'onWaiting' | 'stillWanted'> = {}): Promise<Lease> {
    return this.#access.take(this.name, options)
  }

  /** Throws `NoSessionError` (`session.none`), and `BadDataError` (`replica.other_account`). */
  async restore({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<Restored> {
    await this.#access.prepare()
    const [current, rows] = await this.#access.database.run(
      async (db) => [await readCurrent(this.#of, db), await readRows(this.#of, db, 'all')] as const,
      signal,
    )
    if (current === null) throw noSession(this.name)
    checkAccount(this.#userId, current.userId)
    this.#rows = unlimited()
    this.#rows.load(rows)
    const bytes = await telethonFile(rows)
    return { revision: { ...current, bytes: bytes.length, sha256: sha256(bytes) }, bytes }
  }

  /** Throws `LeaseError` (`lease.lost`) where another has the lease, or put another session in its place. */
  async save(lease: Lease, base: Revision, bytes: Uint8Array): Promise<SaveOutcome> {
    const hash = sha256(bytes)
    if (hash === base.sha256) return { outcome: 'unchanged', revision: base }
    const changes = await this.#read(bytes)
    const key = changes?.auth?.authKey && keyFingerprint(changes.auth.authKey)
    const fence = leaseFence(this.#access.database, this.name, lease)
    const write = async (work: (db: Db) => Promise<void>): Promise<void> =>
      await this.#access.database.commit(async (db) => {
        await fence.check(db)
        await work(db)
      })
    if (changes === undefined || key !== base.keyFingerprint) {
      const reason = 'the key changed outside a login'
      await write((db) => quarantine(this.#of, db, changes?.auth, { reason, by: this.#access.label }))
      return { outcome: 'quarantined', reason, revision: { ...base, keyFingerprint: key ?? NO_KEY } }
    }
    mergeChanges(this.#rows, changes)
    const toWrite = this.#rows.takeChanges()
    if (toWrite === undefined) return { outcome: 'unchanged', revision: { ...base, sha256: hash } }
    let { revision } = base
    try {
      await write(async (db) => {
        await writeRows(this.#of, db, toWrite)
        revision = await stampSaved(this.#of, db, this.#access.label)
      })
    } catch (error) {
      this.#rows.putBack(toWrite)
      throw error
    }
    return { outcome: 'saved', revision: { ...base, revision, bytes: bytes.length, sha256: hash } }
  }

  async markDead(lease: Lease, base: Revision, reason: NonNullable<Current['dead']>): Promise<void> {
    const fence = leaseFence(this.#access.database, this.name, lease)
    await this.#access.database.commit(async (db) => {
      await fence.check(db)
      await stampDead(this.#of, db, base.keyFingerprint, reason)
    })
  }

  /** Undefined for a file that has lost its key. */
  async #read(bytes: Uint8Array): Promise<Changes | undefined> {
    try {
      return await readSource(bytes)
    } catch (error) {
      if (error instanceof BadDataError && error.code === 'session.no_key') return undefined
      throw error
    }
  }
}

const NO_KEY = '0'.repeat(16)

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const nothing = (): void => undefined

/** All rows are there, and the file on the disk is the bound. */
function unlimited(): SqlStorage {
  return new SqlStorage({ maxQueued: Infinity, onDirty: nothing, onMiss: nothing, onFull: nothing })
}
