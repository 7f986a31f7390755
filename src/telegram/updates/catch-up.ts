import bigInt from 'big-integer'
import type { Api, TelegramClient } from 'telegram'
import type { Clock } from '../../base/clock.ts'
import type { UpdateState } from '../../session/core/storage.ts'
import { callWithDeadline } from '../client/call.ts'
import { classify } from '../client/classify.ts'
import { accountDifference, channelDifference, stateNow } from './difference.ts'
import type { Telegram } from './difference.ts'
import { ACCOUNT } from './manager.ts'
import type { RowId, Manager } from './manager.ts'
import { severalParts } from './parts.ts'
import type { GramUpdate } from './parts.ts'

/** What a tracker needs of a session; ours have it. */
export interface TrackedSession {
  /** Row 0 is the account's; the others go by the bare ids of channels. */
  getUpdateStates(): Iterable<readonly [bigint | number, UpdateState]>
  /** Row 0 is the account's. */
  setUpdateState(id: bigint | number, state: UpdateState): void
  /** Learns the peers of an answer or an update. */
  processEntities(value: unknown): void
  /** The peer with its access hash; throws if it is not known. */
  getInputEntity(peer: Api.PeerChannel): unknown
}

/** Updates that the handlers will not see. */
export interface MissedUpdates {
  /**
   * - `too_old`: the account was away for longer than `maxAgeMs`
   * - `too_long`: more than `limit` updates, or more than Telegram returns
   * - `not_followed`: nothing had come from the channel before, so where it was is not known
   * - `unknown_channel`: the session has no access hash for the channel
   * - else Telegram's own word for why it does not tell: CHANNEL_PRIVATE, PERSISTENT_TIMESTAMP_INVALID
   */
  reason: string
  /** Bare id; null for the account itself, its private chats and basic groups. */
  channelId: bigint | null
  /** Milliseconds since 1970 of the last update before; null where that is not known. */
  since: number | null
}

export interface CatchUpContext {
  telegram: Telegram
  machine: Manager<GramUpdate>
  session: TrackedSession
  /** The most updates of the account that are fetched. */
  limit: number
  onMissed: (missed: MissedUpdates) => void
  /** The machine has something to hand out. */
  onMoved: (updates: number) => void
}

const SLOWEST_RETRY_MS = 60_000

/** Asks until there is an answer or a refusal: waits as long as Telegram wants, and longer each time that it is silent. */
export function patientAsk(
  client: TelegramClient,
  { clock, signal, timeoutMs }: { clock: Clock; signal: AbortSignal; timeoutMs: number },
): Telegram['ask'] {
  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await callWithDeadline(client, request, { clock, signal, timeoutMs })
      } catch (error) {
        signal.throwIfAborted()
        const verdict = classify(error)
        if (verdict.kind === 'flood') await clock.sleep(verdict.seconds * 1000, signal)
        else if (verdict.kind === 'network')
          await clock.sleep(Math.min(1000 * 2 ** attempt, SLOWEST_RETRY_MS), signal)
        else throw error
      }
    }
  }
}

/** Fetches what one row lacks, slice by slice, and releases what was held for it. @throws as the client, for a dead key */
export async function getDifference(context: CatchUpContext, id: RowId): Promise<void> {
  context.machine.hold(id)
  await (id === ACCOUNT ? fillAccount(context) : fillChannel(context, id))
}

async function fillAccount(context: CatchUpContext): Promise<void> {
  const { machine, telegram, limit, onMoved } = context
  for (;;) {
    const from = machine.account
    if (!from) return await jumpToNow(context, null)
    const answer = await orRefusal(() => accountDifference(telegram, from, limit))
    if (typeof answer === 'string') return await jumpToNow(context, answer)
    if (answer.kind === 'too_long') return await jumpToNow(context, answer.kind)
    machine.advanceAccount(answer.items, answer.state, answer.isLast)
    machine.receive(severalParts(answer.channels, answer.entities))
    onMoved(answer.items.length)
    if (answer.isLast) return
  }
}

async function fillChannel(context: CatchUpContext, id: RowId): Promise<void> {
  const { machine, session, telegram, onMissed, onMoved } = context
  if (machine.channelPts(id) === undefined) return
  const channel = inputChannel(telegram.Api, session, id)
  const giveUp = (reason: string): void => {
    forgetChannel(context, id)
    onMissed({ reason, channelId: id, since: sinceOf(machine.account) })
    onMoved(0)
  }
  if (!channel) return giveUp('unknown_channel')
  for (;;) {
    const pts = machine.channelPts(id)
    if (pts === undefined) return
    const answer = await orRefusal(() => channelDifference(telegram, channel, pts))
    if (typeof answer === 'string') return giveUp(answer)
    if (answer.isTooLong) machine.jumpChannel(id, answer.pts)
    else machine.advanceChannel(id, answer.items, answer.pts, answer.isLast)
    if (answer.isTooLong) onMissed({ reason: 'too_long', channelId: id, since: sinceOf(machine.account) })
    onMoved(answer.items.length)
    if (answer.isLast) return
  }
}

/** Skips what the account missed. `reason` is null where nothing was followed before. */
export async function jumpToNow(context: CatchUpContext, reason: string | null): Promise<void> {
  const { machine, telegram, onMissed, onMoved } = context
  const since = sinceOf(machine.account)
  machine.jumpAccount(await stateNow(telegram))
  if (reason !== null) onMissed({ reason, channelId: null, since })
  onMoved(0)
}

/** A row without a date is one that is not followed: Telethon, which shares the file, does not look at the date. */
export function forgetChannel({ machine, session }: CatchUpContext, id: RowId): void {
  const pts = machine.channelPts(id) ?? 0
  machine.forget(id)
  if (pts > 0) session.setUpdateState(id, unfollowed(pts))
}

export const unfollowed = (pts: number): UpdateState => ({ pts, qts: 0, date: 0, seq: 0 })

function sinceOf(state: UpdateState | undefined): number | null {
  return state ? state.date * 1000 : null
}

/** The answer, or Telegram's word for why there is none. @throws what says that the key is dead, or is no refusal */
async function orRefusal<T extends object>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    const { kind, reason } = classify(error)
    if (kind !== 'other' || !(error instanceof Error && 'errorMessage' in error)) throw error
    return reason
  }
}

/** How requests name the channel, if the session knows its access hash. */
export function inputChannel(
  { PeerChannel, InputPeerChannel, InputChannel }: Telegram['Api'],
  session: TrackedSession,
  id: RowId,
): Api.InputChannel | undefined {
  try {
    const peer = session.getInputEntity(new PeerChannel({ channelId: bigInt(id) }))
    if (!(peer instanceof InputPeerChannel)) return undefined
    return new InputChannel({ channelId: peer.channelId, accessHash: peer.accessHash })
  } catch {
    // A session throws for a user or chat that it does not know.
    return undefined
  }
}
