import type { Api } from 'telegram'
import type { UpdateState } from '../../session/core/storage.ts'
import type { ClientLibrary } from '../client/internals.ts'
import { channelOf, entitiesOf, isOfChannel } from './parts.ts'
import type { GramUpdate } from './parts.ts'

/** Telegram, in the words of one client library. */
export interface Telegram {
  Api: ClientLibrary['Api']
  /** Asks, with a deadline. */
  ask: <R extends Api.AnyRequest>(request: R) => Promise<R['__response']>
}

/** Messages in one answer about a channel; Telegram's own limit for people (bots may ask for more). */
const CHANNEL_SLICE = 100

export type AccountDifference =
  | { kind: 'too_long' }
  | {
      kind: 'slice'
      items: GramUpdate[]
      channels: Api.TypeUpdate[]
      entities: Map<string, unknown>
      state: Partial<UpdateState>
      isLast: boolean
    }

/** What the account missed since `from`, or the first slice of it. `limit` is for all slices together. */
export async function accountDifference(
  { Api, ask }: Telegram,
  from: UpdateState,
  limit: number,
): Promise<AccountDifference> {
  const { pts, qts, date } = from
  const answer = await ask(new Api.updates.GetDifference({ pts, qts, date, ptsTotalLimit: limit }))
  if (answer.className === 'updates.DifferenceTooLong') return { kind: 'too_long' }
  if (answer.className === 'updates.DifferenceEmpty') {
    const state = { date: answer.date, seq: answer.seq }
    return { kind: 'slice', items: [], channels: [], entities: new Map(), state, isLast: true }
  }
  const isWhole = answer.className === 'updates.Difference'
  const { pts: toPts, qts: toQts, date: toDate, seq } = isWhole ? answer.state : answer.intermediateState
  const entities = entitiesOf(answer)
  const newMessage = messageUpdate(Api)
  const own = answer.otherUpdates.filter((update) => !isOfChannel(update))
  const news = [
    ...answer.newMessages.map(newMessage),
    ...answer.newEncryptedMessages.map(
      (message) => new Api.UpdateNewEncryptedMessage({ message, qts: toQts }),
    ),
    ...own,
  ]
  return {
    kind: 'slice',
    items: news.map((update) => ({ update, others: news, entities })),
    channels: answer.otherUpdates.filter(isOfChannel),
    entities,
    state: { pts: toPts, qts: toQts, date: toDate, seq },
    // A slice that leads nowhere would be asked for again without end.
    isLast: isWhole || (toPts === pts && toQts === qts && toDate === date),
  }
}

export interface ChannelDifference {
  items: GramUpdate[]
  pts: number
  isLast: boolean
  isTooLong: boolean
}

export async function channelDifference(
  { Api, ask }: Telegram,
  channel: Api.InputChannel,
  pts: number,
): Promise<ChannelDifference> {
  const filter = new Api.ChannelMessagesFilterEmpty()
  const answer = await ask(
    new Api.updates.GetChannelDifference({ channel, filter, pts, limit: CHANNEL_SLICE }),
  )
  if (answer.className === 'updates.ChannelDifferenceTooLong') {
    const now = answer.dialog.className === 'Dialog' ? answer.dialog.pts : undefined
    return { items: [], pts: now ?? pts, isLast: true, isTooLong: true }
  }
  if (answer.className === 'updates.ChannelDifferenceEmpty')
    return { items: [], pts: answer.pts, isLast: true, isTooLong: false }
  const entities = entitiesOf(answer)
  const news = [...answer.newMessages.map(messageUpdate(Api)), ...answer.otherUpdates]
  const items = news.map((update) => ({ update, others: news, entities }))
  return { items, pts: answer.pts, isLast: answer.final === true || answer.pts <= pts, isTooLong: false }
}

/** Everything up to now is skipped. */
export async function stateNow({ Api, ask }: Telegram): Promise<UpdateState> {
  const { pts, qts, date, seq } = await ask(new Api.updates.GetState())
  return { pts, qts, date, seq }
}

/** A difference has no counters for its messages: they are in order. */
function messageUpdate({ UpdateNewMessage, UpdateNewChannelMessage }: Telegram['Api']) {
  return (message: Api.TypeMessage): Api.TypeUpdate => {
    const fields = { message, pts: 0, ptsCount: 0 }
    return channelOf(message) === null ? new UpdateNewMessage(fields) : new UpdateNewChannelMessage(fields)
  }
}
