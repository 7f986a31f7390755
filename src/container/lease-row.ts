import { sql } from 'kysely'
import { unlessAborted } from '../clock.ts'
import { BadDataError } from '../errors.ts'
import type { LeaseChange, LeasePort, LeaseRecord, PortOptions } from '../replica/lease.ts'
import { type Database, isPassing } from './database.ts'
import { type LeaseColumns, readLeases, type Renewals } from './renewals.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/**
 * A session's lease in its row. Every change is one UPDATE on the record as it was last seen, and (generation, holder,
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
          : await readLeases(this.#database, [this.#id], signal)
      if (row !== undefined) return (this.#seen = recordOf(row, this.#id))
      await this.#create(signal)
    }
  }

  async #create(signal: AbortSignal | undefined): Promise<void> {
    const zero = {
      generation: '0',
      holder: null,
      label: null,
      since: null,
      beat: '0',
      ttl_ms: '0',
      writes: '0',
    }
    await this.#database.once(async (db) => {
      const insert = db.insertInto('tgsession_leases').values({ session_id: this.#id, ...zero })
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

  async #swap(before: LeaseRecord, after: LeaseRecord, signal: AbortSignal | undefined): Promise<boolean> {
    const { holder } = after
    const row = {
      generation: String(after.generation),
      holder: holder?.id ?? null,
      label: holder === null ? null : Array.from(holder.label).slice(0, 255).join(''),
      since: holder?.since ?? null,
      beat: String(holder?.beat ?? 0),
      ttl_ms: String(holder?.ttlMs ?? 0),
    }
    const { numUpdatedRows } = await this.#database.once((db) => {
      const update = db
        .updateTable('tgsession_leases')
        // MySQL may count only rows that really change.
        .set({ ...row, writes: sql`writes + 1` })
        .where('session_id', '=', this.#id)
        .where('generation', '=', this.#database.int(before.generation))
      return (
        before.holder === null
          ? update.where('holder', 'is', null)
          : update
              .where('holder', '=', before.holder.id)
              .where('beat', '=', this.#database.int(before.holder.beat))
      ).executeTakeFirstOrThrow()
    }, signal)
    return numUpdatedRows > 0n
  }
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
