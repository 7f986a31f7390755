import { type RawBuilder, sql, type SqlBool } from 'kysely'
import { unlessAborted } from '../../base/clock.ts'
import { BadDataError } from '../../base/errors.ts'
import type { LeaseChange, LeasePort, LeaseRecord, PortOptions } from '../../lease/record.ts'
import { isPassing } from '../../sql/database.ts'
import type { Database } from '../tables/database.ts'
import { type LeaseColumns, readLeases, type Renewals } from './renewals.ts'
import { upsert } from '../rows/write-rows.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/**
 * A session's lease in its row. Every change is an UPDATE of the record as it was last seen, and (generation, holder,
 * beat) name every state of it once. After a failure, whose write may have landed, the row is read again. With
 * `renewals` a holder's go together with those of others.
 */
export class LeaseRow implements LeasePort {
  readonly #database: Database
  readonly #id: string
  readonly #renewals: Renewals | undefined
  #seen: LeaseRecord | undefined

  constructor(database: Database, id: string, renewals?: Renewals) {
    this.#database = database
    this.#id = id
    this.#renewals = renewals
  }

  renewAt(dueAt: number, everyMs: number): number {
    return this.#renewals?.renewAt(dueAt, everyMs) ?? dueAt
  }

  async read(options: PortOptions): Promise<LeaseRecord> {
    return await this.#patiently(options, () => this.#read(options.signal))
  }

  async change(change: LeaseChange, options: PortOptions): Promise<LeaseRecord> {
    // A holder's own record is what it wrote last: a renewal costs one statement, and a stale record only meets no row.
    let record = this.#seen ?? (await this.read(options))
    let isRenewal = false
    return await this.#patiently(options, async (again) => {
      if (again) {
        record = await this.#read(options.signal, isRenewal)
        if (change.landed(record)) return record
      }
      for (;;) {
        const next = change.apply(record)
        isRenewal = isBeat(record, next)
        if (await this.#write(record, next, options.signal)) return (this.#seen = next)
        record = await this.#read(options.signal)
        if (change.landed(record)) return record
      }
    })
  }

  async #patiently<T>({ signal, patienceMs }: PortOptions, work: (again: boolean) => Promise<T>): Promise<T> {
    const { clock } = this.#database
    const began = clock.now()
    for (
      let pause = FIRST_PAUSE_MS, again = false;
      ;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS), again = true
    )
      try {
        return await work(again)
      } catch (error) {
        signal?.throwIfAborted()
        if (!isPassing(error) || clock.now() - began + pause > patienceMs) throw error
        await clock.sleep(pause, signal)
      }
  }

  async #read(signal: AbortSignal | undefined, together = false): Promise<LeaseRecord> {
    for (;;) {
      const [row] =
        together && this.#renewals
          ? [await unlessAborted(this.#renewals.read(this.#id), signal)]
          : await this.#database.once((db) => readLeases(this.#database, db, [this.#id]), signal)
      if (row !== undefined) return (this.#seen = recordOf(row, this.#id))
      await this.#create(signal)
    }
  }

  /** The fence first: it is there for every lease. */
  async #create(signal: AbortSignal | undefined): Promise<void> {
    const free = { session_id: this.#id, generation: '0', holder: null }
    const lease = { ...free, label: null, since: null, beat: '0', ttl_ms: '0' }
    await this.#database.once(async (db) => {
      const inserts = [
        db.insertInto('tgsession_fences').values({ ...free, writes: '0' }),
        db.insertInto('tgsession_leases').values(lease),
      ]
      for (const insert of inserts)
        await (
          this.#database.kind === 'mysql' ? insert.ignore() : insert.onConflict((on) => on.doNothing())
        ).execute()
    }, signal)
  }

  async #write(before: LeaseRecord, after: LeaseRecord, signal: AbortSignal | undefined): Promise<boolean> {
    const { generation, holder } = before
    if (this.#renewals === undefined || holder === null || !isBeat(before, after))
      return await this.#swap(before, after, signal)
    const { id: holderId, beat } = holder
    const state = { id: this.#id, generation, holder: holderId, beat }
    return await unlessAborted(this.#renewals.renew(state), signal)
  }

  /**
   * Waits at the fence for the transaction that a former holder may be in, and only then touches the lease: until then
   * he renews it.
   */
  async #swap(before: LeaseRecord, after: LeaseRecord, signal: AbortSignal | undefined): Promise<boolean> {
    const { holder } = after
    const who = { generation: String(after.generation), holder: holder?.id ?? null }
    const lease = {
      ...who,
      label: holder === null ? null : Array.from(holder.label).slice(0, 255).join(''),
      since: holder?.since ?? null,
      beat: String(holder?.beat ?? 0),
      ttl_ms: String(holder?.ttlMs ?? 0),
    }
    try {
      await this.#database.transaction(async (db) => {
        const fence = [{ session_id: this.#id, ...who, writes: '0' }]
        await upsert(this.#database, db, 'tgsession_fences', fence, ['session_id'], ['generation', 'holder'])
        const update = db
          .updateTable('tgsession_leases')
          .set(lease)
          .where(heldBy(this.#database, this.#id, before.generation, before.holder?.id ?? null))
        const beat = this.#database.int(before.holder?.beat ?? 0)
        const asSeen = before.holder === null ? update : update.where('beat', '=', beat)
        const { numUpdatedRows } = await asSeen.executeTakeFirstOrThrow()
        if (numUpdatedRows === 0n) throw STALE
      }, signal)
      return true
    } catch (error) {
      if (error === STALE) return false
      throw error
    }
  }
}

const STALE = new Error('the row is in another state')

/** Whether the row of a lease or fence names this holder; null for no holder. */
export function heldBy(
  database: Database,
  id: string,
  generation: number,
  holder: string | null,
): RawBuilder<SqlBool> {
  const who = holder === null ? sql`holder is null` : sql`holder = ${holder}`
  return sql`session_id = ${id} and generation = ${database.int(generation)} and ${who}`
}

/** Whether only the beat is another. */
function isBeat({ generation, holder }: LeaseRecord, after: LeaseRecord): boolean {
  if (holder === null || after.holder === null || generation !== after.generation) return false
  const { id, beat, ttlMs } = after.holder
  return id === holder.id && beat === holder.beat + 1 && ttlMs === holder.ttlMs
}

function recordOf(row: LeaseColumns, id: string): LeaseRecord {
  requireSameId(row.session_id, id)
  const generation = Number(row.generation)
  if (row.holder === null) return { generation, holder: null }
  const { holder, label, since } = row
  return {
    generation,
    holder: {
      id: holder,
      label: label ?? '',
      since: since ?? '',
      beat: Number(row.beat),
      ttlMs: Number(row.ttl_ms),
    },
  }
}

/** A database whose text ignores case or trailing blanks answers for another session. */
export function requireSameId(found: string, asked: string): void {
  if (found === asked) return
  throw new BadDataError(
    'container.id_clash',
    `the database takes the ids "${asked}" and "${found}" for the same`,
    {
      hint: 'Use the one that is stored, or give the column session_id of all tables a binary collation.',
    },
  )
}
