import type { UpdateState } from '../../session/core/storage.ts'
import { SequenceBox } from './sequence-box.ts'

/** The row of `update_state` that a counter belongs to: 0 for the account, else the bare id of a channel. */
export type RowId = bigint
export const ACCOUNT: RowId = 0n

/** More updates without a counter are not kept while the account is held. */
const MOST_PLAIN = 5_000

/** One update of a container. `counter` is null for one that has no place in any order of its own. */
export interface Arrival<T> {
  /** Undefined for what the client did itself: it counts, but no handler receives it. */
  item: T | undefined
  counter: { kind: 'pts' | 'qts'; row: RowId; end: number; count: number } | null
}

/** What came together. `seq` is 0 where the container has none; `date` in unix seconds, 0 where it has none. */
export interface Container<T> {
  arrivals: Arrival<T>[]
  seq: number
  seqStart: number
  date: number
  /** Sequences for which the server says only that there is more, and perhaps their present state. */
  tooLong: { row: RowId; pts: number | undefined }[]
}

/** An update for the handlers, and what may be remembered once they, and all before, have had it. */
export interface Handout<T> {
  item: T | undefined
  row: { id: RowId; state: UpdateState } | null
}

/**
 * Telegram's rules for updates (https://core.telegram.org/api/updates) without any input or output: containers and
 * differences go in, in whatever order they come; what is to be handed out comes out, once and in order.
 */
export class Manager<T> {
  readonly #pts = new SequenceBox<T | undefined>()
  readonly #qts = new SequenceBox<T | undefined>()
  readonly #seq = new SequenceBox<T[]>()
  readonly #channels = new Map<RowId, SequenceBox<T | undefined>>()
  readonly #tooLong = new Set<RowId>()
  readonly #unknownChannels: RowId[] = []
  #plain: T[] = []
  #date = 0
  #out: Handout<T>[] = []

  /** Where the account is, once that is known. */
  get account(): UpdateState | undefined {
    const pts = this.#pts.value
    if (pts === undefined) return undefined
    return { pts, qts: this.#qts.value ?? 0, date: this.#date, seq: this.#seq.value ?? 0 }
  }

  get channels(): RowId[] {
    return [...this.#channels.keys()]
  }

  channelPts(id: RowId): number | undefined {
    return this.#channels.get(id)?.value
  }

  /** What an earlier run remembered; held until a difference was fetched, or `jump` says otherwise. */
  load(id: RowId, state: UpdateState): void {
    if (id === ACCOUNT) this.#moveAccount(state)
    else this.#channels.set(id, new SequenceBox(state.pts))
    this.hold(id)
  }

  receive({ arrivals, seq, seqStart, date, tooLong }: Container<T>): void {
    for (const { item, counter } of arrivals) {
      if (!counter) continue
      const sequence = this.#sequence(counter)
      this.#emit(counter.row, sequence.take({ ...counter, item }))
    }
    const plain = arrivals.flatMap(({ item, counter }) => (counter || item === undefined ? [] : [item]))
    if (seq > 0) {
      const told = this.#seq.take({ end: seq, count: seq - seqStart + 1, item: plain })
      if (told.length > 0) this.#emit(ACCOUNT, [...told.flat(), undefined])
    } else if (this.#pts.isHeld) this.#plain.push(...plain.slice(0, MOST_PLAIN - this.#plain.length))
    else for (const item of plain) this.#out.push({ item, row: null })
    if (!this.#pts.isHeld && !this.#seq.hasGap) this.#date = Math.max(this.#date, date)
    for (const { row, pts } of tooLong) {
      if (row === ACCOUNT || this.#channels.has(row)) this.#tooLong.add(row)
      else this.#meet(row, pts)
    }
  }

  /** Rows that need a difference now. */
  wanted(): RowId[] {
    return [...this.#tooLong]
  }

  /** Channels that had news before their state was known, so that it cannot be fetched; reported once. */
  unknownChannels(): RowId[] {
    return this.#unknownChannels.splice(0)
  }

  /** Rows where something is missing that may still come by itself. */
  gaps(): RowId[] {
    const account = [this.#pts, this.#qts, this.#seq].some(({ hasGap }) => hasGap)
    const channels = [...this.#channels].filter(([, { hasGap }]) => hasGap).map(([id]) => id)
    return account ? [ACCOUNT, ...channels] : channels
  }

  /** Rows for which a difference is being fetched, or has to be. */
  held(): RowId[] {
    const channels = [...this.#channels].filter(([, { isHeld }]) => isHeld).map(([id]) => id)
    return this.#pts.isHeld ? [ACCOUNT, ...channels] : channels
  }

  hold(id: RowId): void {
    this.#tooLong.delete(id)
    if (id !== ACCOUNT) return this.#channels.get(id)?.hold()
    for (const sequence of [this.#pts, this.#qts, this.#seq]) sequence.hold()
  }

  /** A difference of the account, or a slice of one; `isLast` releases what was held. */
  advanceAccount(items: T[], state: Partial<UpdateState>, isLast: boolean): void {
    this.#moveAccount(state)
    this.#emit(ACCOUNT, [...items, undefined])
    if (!isLast) return
    const [told, secret, plain] = [this.#pts.release(), this.#qts.release(), this.#seq.release().flat()]
    this.#emitAccount([...told, ...secret, ...plain])
  }

  advanceChannel(id: RowId, items: T[], pts: number, isLast: boolean): void {
    const sequence = this.#channels.get(id)
    sequence?.moveTo(pts)
    this.#emit(id, [...items, undefined])
    if (sequence && isLast) this.#emit(id, sequence.release())
  }

  /** Updates that led to this state are no longer delivered. Held ones were seen live, and are delivered. */
  jumpAccount(state?: UpdateState): void {
    this.#tooLong.delete(ACCOUNT)
    this.#date = state?.date ?? this.#date
    const [told, secret] = [this.#pts.jumpTo(state?.pts), this.#qts.jumpTo(state?.qts)]
    this.#emitAccount([...told, ...secret, ...this.#seq.jumpTo(state?.seq).flat()])
  }

  jumpChannel(id: RowId, pts: number): void {
    this.#emit(id, [...(this.#channels.get(id)?.jumpTo(pts) ?? []), undefined])
  }

  /** A channel that cannot be followed any more: the next update from it begins anew. */
  forget(id: RowId): void {
    const told = this.#channels.get(id)?.jumpTo() ?? []
    this.#channels.delete(id)
    this.#tooLong.delete(id)
    for (const item of told) this.#out.push({ item, row: null })
  }

  /** What is to be handed out, in order; asked once. */
  drain(): Handout<T>[] {
    const out = this.#out
    this.#out = []
    return out
  }

  #sequence({ kind, row }: NonNullable<Arrival<T>['counter']>): SequenceBox<T | undefined> {
    if (row === ACCOUNT) return kind === 'pts' ? this.#pts : this.#qts
    const known = this.#channels.get(row) ?? new SequenceBox<T | undefined>()
    this.#channels.set(row, known)
    return known
  }

  #meet(id: RowId, pts: number | undefined): void {
    this.#unknownChannels.push(id)
    if (pts === undefined) return
    this.#channels.set(id, new SequenceBox(pts))
    this.#emit(id, [undefined])
  }

  #emitAccount(items: (T | undefined)[]): void {
    this.#emit(ACCOUNT, [...items, ...this.#plain, undefined])
    this.#plain = []
  }

  /** The last of them carries where they lead to. */
  #emit(id: RowId, items: (T | undefined)[]): void {
    const state = id === ACCOUNT ? this.account : this.#channelState(id)
    for (const [index, item] of items.entries()) {
      const row = state && index === items.length - 1 ? { id, state } : null
      if (item !== undefined || row) this.#out.push({ item, row })
    }
  }

  /** Telethon keeps the time of writing in a channel's row; the time of the last update says as much. */
  #channelState(id: RowId): UpdateState | undefined {
    const pts = this.channelPts(id)
    return pts === undefined ? undefined : { pts, qts: 0, date: this.#date, seq: 0 }
  }

  #moveAccount({ pts, qts, seq, date }: Partial<UpdateState>): void {
    if (pts !== undefined) this.#pts.moveTo(pts)
    if (qts !== undefined) this.#qts.moveTo(qts)
    if (seq !== undefined) this.#seq.moveTo(seq)
    if (date !== undefined) this.#date = date
  }
}
