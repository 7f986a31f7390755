import { BadDataError } from '../base/errors.ts'
import type { StoreOptions } from '../store/store.ts'
import { lostLease, type Pruned, replace, save } from './changes.ts'
import type { Head, Revision } from './head.ts'
import type { HeadChange } from './head-file.ts'
import type { SaveOutcome } from './outcome.ts'
import type { Lease } from '../lease/lease.ts'
import type { Recorder, RecordOptions } from './recorder.ts'
import type { Revisions, Verified, Verify } from './revisions.ts'

export interface IntakeOptions {
  revisions: Revisions
  recorder: Recorder
  verify: Verify
  /** The only account that may be served here, where it is known. */
  userId: string | undefined
}

type Named = [revision: Revision, nowMs: number, pruned: Pruned]

const NO_KEY = '0'.repeat(16)

/** What becomes of a session that is to be stored: current, or quarantined because its key or its account is another. */
export class Intake {
  readonly #options: IntakeOptions

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /**
   * The holder's session, back. The bytes that are stored already are unchanged; a key that is not that of `base`, or
   * none, is quarantined.
   */
  async save(lease: Lease, base: Revision, bytes: Uint8Array, options: RecordOptions): Promise<SaveOutcome> {
    if (this.#options.revisions.holds(base, bytes)) return { outcome: 'unchanged', revision: base }
    const verified = await this.#verifyUsed(bytes)
    if (verified.keyFingerprint !== base.keyFingerprint) {
      const reason = 'the key changed outside a login'
      const requireHeld = (head: Head): void => {
        if (!lease.owns(head)) throw lostLease()
      }
      const revision = await this.#options.recorder.quarantine(bytes, verified, reason, requireHeld, options)
      return { outcome: 'quarantined', reason, revision }
    }
    // The same key is the same account, also where a program has dropped the row that says so.
    const known = { ...verified, userId: verified.userId ?? base.userId }
    const changeFor = (...named: Named): HeadChange => save({ lease, base }, ...named)
    return {
      outcome: 'saved',
      revision: await this.#options.recorder.record(bytes, known, changeFor, options),
    }
  }

  /**
   * A session that was made elsewhere, in the place of the one that was `seen`. A login may be of any account but the pinned
   * one's rivals; a push must also be of the account that is there: else it is quarantined.
   */
  async take(
    bytes: Uint8Array,
    verified: Verified,
    seen: Head,
    how: { isLogin: boolean; loginId?: string },
    options: StoreOptions = {},
  ): Promise<SaveOutcome> {
    const expected = this.#options.userId ?? (how.isLogin ? null : seen.current?.userId) ?? null
    if (verified.userId !== null && expected !== null && verified.userId !== expected) {
      const reason = `it is of user ${verified.userId}, this name is for user ${expected}`
      const revision = await this.#options.recorder.quarantine(bytes, verified, reason, undefined, options)
      return { outcome: 'quarantined', reason, revision }
    }
    const changeFor = (...named: Named): HeadChange => replace(seen, how, ...named)
    return {
      outcome: 'saved',
      revision: await this.#options.recorder.record(bytes, verified, changeFor, options),
    }
  }

  /** What a program left: also a file that has lost its key is kept, under a fingerprint that no key has. */
  async #verifyUsed(bytes: Uint8Array): Promise<Verified> {
    try {
      return await this.#options.verify(bytes)
    } catch (error) {
      if (!(error instanceof BadDataError) || error.code !== 'session.no_key') throw error
      return { keyFingerprint: NO_KEY, userId: null }
    }
  }
}
