import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { ConflictError } from '../base/errors.ts'
import type { Current, Head } from '../replica/head.ts'
import type { LoginPlace, SaveOutcome } from '../replica/kept-session.ts'
import { refusal } from '../replica/login-log.ts'
import { keyFingerprint } from '../session/inspect.ts'
import type { Access } from './access.ts'
import { quarantine } from './rows/quarantine.ts'
import { putInPlace, readCurrent } from './rows/current.ts'
import type { Db } from './tables/database.ts'
import type { KeepOptions } from './kept-in-container.ts'
import { LeaseRow } from './lease/lease-row.ts'
import { readSource } from './transfer/read-source.ts'
import type { RowsOf } from './rows/write-rows.ts'

/** A login that was begun, and the key that was there then. */
export interface BegunLogin {
  id: string
  keyFingerprint: string | null
}

const KEPT = 20

/**
 * Where a login puts its session: into a container. Attempts are rows that outlive the session. It needs no lease,
 * since its key is new; whoever has it loses it when the session is put in its place.
 */
export class LoginToContainer implements LoginPlace<BegunLogin> {
  readonly name: string
  readonly store: { readonly label: string }
  readonly #access: Access
  readonly #of: RowsOf
  readonly #userId: string | undefined

  constructor(access: Access, id: string, { userId }: KeepOptions) {
    this.#access = access
    this.#of = access.rowsOf(id)
    this.#userId = userId
    this.name = id
    this.store = { label: access.database.label }
  }

  storeCommand(file: string): string {
    return `tgsession import --name ${this.name} --replace ${file}`
  }

  async status(): Promise<Pick<Head, 'current' | 'holder' | 'loginBlockedUntil'>> {
    await this.#access.prepare()
    const { holder } = await new LeaseRow(this.#access.database, this.name).read({ patienceMs: 10_000 })
    return await this.#access.database.run(async (db) => ({
      holder,
      current: await readCurrent(this.#of, db),
      loginBlockedUntil: latestWait(await this.#logins(db)),
    }))
  }

  /** Throws `RefusedError` (`login.session_exists`, `login.blocked`). */
  async beginLogin({ replace = false }: { replace?: boolean }): Promise<BegunLogin> {
    const { holder } = await this.status()
    const { clock } = this.#access.database
    const id = randomUUID()
    return await this.#access.database.commit(async (db) => {
      await this.#lock(db)
      const current = await readCurrent(this.#of, db)
      const logins = await this.#logins(db)
      const known = { current, holder, loginBlockedUntil: latestWait(logins) }
      const refused = refusal(known, clock.wall(), replace)
      if (refused) throw refused
      const about = { at: new Date(clock.wall()).toISOString(), label: this.#access.label }
      const row = { session_id: this.name, id, ...about, outcome: 'started', blocked_until: null }
      // Tried again after a commit of which nobody knows.
      if (!logins.some((login) => login.id === id))
        await db.insertInto('tgsession_logins').values(row).execute()
      await this.#prune(db, logins, about.at)
      return { id, keyFingerprint: current?.keyFingerprint ?? null }
    })
  }

  /** `blockedUntil`: Telegram wants no other login before. */
  async failLogin({ id }: BegunLogin, code: string, blockedUntil?: Date): Promise<void> {
    await this.#access.database.run((db) =>
      this.#outcome(db, id, code, blockedUntil && { blocked_until: blockedUntil.toISOString() }),
    )
  }

  /** Throws `ConflictError` (`container.changed`) where somebody stored another session in the meantime. */
  async finishLogin(begun: BegunLogin, bytes: Uint8Array): Promise<SaveOutcome> {
    const changes = await readSource(bytes)
    const { auth } = changes
    const key = auth?.authKey === undefined ? '' : keyFingerprint(auth.authKey)
    const own = changes.entities.find(({ entity }) => entity.id === 0n)?.entity.hash
    const by = this.#access.label
    return await this.#access.database.commit(async (db): Promise<SaveOutcome> => {
      await this.#lock(db)
      const before = await readCurrent(this.#of, db)
      if (this.#userId !== undefined && own !== undefined && String(own) !== this.#userId) {
        const reason = `it is of user ${own}, this name is for user ${this.#userId}`
        await quarantine(this.#of, db, auth, { reason, by })
        return { outcome: 'quarantined', reason, revision: revisionOf(key, by, bytes) }
      }
      // It landed, and the answer was lost.
      if (before?.keyFingerprint === key) return { outcome: 'saved', revision: before }
      if ((before?.keyFingerprint ?? null) !== begun.keyFingerprint)
        throw new ConflictError('container.changed', 'somebody else stored another session in the meantime', {
          hint: 'Nothing was overwritten. Decide whose is to stay; `--replace` puts yours in its place.',
        })
      const revision = await putInPlace(this.#of, db, changes, by)
      await this.#outcome(db, begun.id, 'done')
      await this.#endLease(db)
      return { outcome: 'saved', revision: { ...revisionOf(key, by, bytes), revision } }
    })
  }

  /** One at a time, and no holder in between. */
  async #lock(db: Db): Promise<void> {
    await db
      .updateTable('tgsession_fences')
      .set({ writes: sql`writes + 1` })
      .where('session_id', '=', this.name)
      .execute()
  }

  /**
   * Whoever holds the lease has lost it, and is still named as its holder: the next waits for as long as that one may
   * need to notice and stop. Last, for it holds up renewals until the transaction ends.
   */
  async #endLease(db: Db): Promise<void> {
    for (const table of ['tgsession_fences', 'tgsession_leases'] as const)
      await db
        .updateTable(table)
        .set({ generation: sql`generation + 1` })
        .where('session_id', '=', this.name)
        .execute()
  }

  async #logins(db: Db) {
    const rows = db.selectFrom('tgsession_logins').select(['id', 'at', 'blocked_until'])
    return await rows.where('session_id', '=', this.name).orderBy('at', 'desc').execute()
  }

  /** A wait that Telegram asked for stays until it is over. */
  async #prune(
    db: Db,
    logins: readonly { id: string; blocked_until: string | null }[],
    now: string,
  ): Promise<void> {
    const old = logins.slice(KEPT - 1).filter((login) => (login.blocked_until ?? '') < now)
    if (old.length === 0) return
    const ids = old.map(({ id }) => id)
    await db
      .deleteFrom('tgsession_logins')
      .where('session_id', '=', this.name)
      .where('id', 'in', ids)
      .execute()
  }

  async #outcome(
    db: Db,
    id: string,
    outcome: string,
    more: { blocked_until?: string } | undefined = {},
  ): Promise<void> {
    await db
      .updateTable('tgsession_logins')
      .set({ outcome, ...more })
      .where('session_id', '=', this.name)
      .where('id', '=', id)
      .execute()
  }
}

function latestWait(logins: readonly { blocked_until: string | null }[]): string | null {
  const waits = logins.flatMap((login) => login.blocked_until ?? [])
  return waits.toSorted().at(-1) ?? null
}

function revisionOf(key: string, by: string, bytes: Uint8Array): Current {
  const about = { savedAt: '', savedBy: by, bytes: bytes.length, sha256: '', userId: null, dead: null }
  return { revision: 0, objectKey: key, keyFingerprint: key, family: null, base: null, ...about }
}
