import type { Api } from 'telegram'
import type { Arrival, Container, RowId } from './manager.ts'
import { ACCOUNT } from './manager.ts'

/** TL's number of the type `Updates`. */
const UPDATES = 0x8af5_2aac

/** An update as the event builders want it: with what came beside it. */
export interface GramUpdate {
  update: Api.TypeUpdate | Api.TypeUpdates
  others: Api.TypeUpdate[] | null
  entities: Map<string, unknown>
}

const NOTHING: Container<GramUpdate> = { arrivals: [], seq: 0, seqStart: 0, date: 0, tooLong: [] }

/** What the server pushes, taken apart. */
export function partsOf(container: Api.TypeUpdates): Container<GramUpdate> {
  if (container.className === 'UpdatesTooLong')
    return { ...NOTHING, tooLong: [{ row: ACCOUNT, pts: undefined }] }
  if (container.className === 'Updates' || container.className === 'UpdatesCombined') {
    const { seq, date, updates } = container
    const seqStart = container.className === 'UpdatesCombined' ? container.seqStart : seq
    return { ...severalParts(updates, entitiesOf(container)), seq, seqStart, date }
  }
  if (container.className === 'UpdateShort')
    return { ...severalParts([container.update], new Map(), null), date: container.date }
  const item = { update: container, others: null, entities: new Map<string, unknown>() }
  return { ...NOTHING, arrivals: [{ item, counter: counterOf(container) }], date: container.date }
}

/** Loose updates, as a difference has them too. */
export function severalParts(
  updates: Api.TypeUpdate[],
  entities: Map<string, unknown>,
  others: Api.TypeUpdate[] | null = updates,
): Container<GramUpdate> {
  const arrivals = updates.map((update) => ({
    item: { update, others, entities },
    counter: counterOf(update),
  }))
  return { ...NOTHING, arrivals, tooLong: updates.flatMap(tooLongRow) }
}

/** How the answer to the client's own request advances the state; null if it does not. No handler receives it. */
export function ownParts(request: unknown, answer: unknown): Container<GramUpdate> | null {
  if (isAffected(answer)) {
    const { pts, ptsCount } = answer
    const counter = { kind: 'pts', row: rowOfRequest(request), end: pts, count: ptsCount } as const
    return { ...NOTHING, arrivals: [{ item: undefined, counter }] }
  }
  if (!isUpdates(answer)) return null
  const parts = partsOf(answer)
  return { ...parts, arrivals: parts.arrivals.map(({ counter }) => ({ item: undefined, counter })) }
}

export function isUpdates(value: unknown): value is Api.TypeUpdates {
  return isObject(value) && value['SUBCLASS_OF_ID'] === UPDATES
}

export function entitiesOf({
  users,
  chats,
}: {
  users: Api.TypeUser[]
  chats: Api.TypeChat[]
}): Map<string, unknown> {
  return new Map([...users, ...chats].map((entity) => [peerKey(entity), entity]))
}

/** What `getPeerId` of both libraries makes of it, by which events look it up; not quite Telegram's marked id. */
function peerKey({ className, id }: Api.TypeUser | Api.TypeChat): string {
  if (className === 'User' || className === 'UserEmpty') return id.toString()
  return `${className.startsWith('Channel') ? '-100' : '-'}${id.toString()}`
}

/** The row of the channel that a message is in. */
export function channelOf(message: Api.TypeMessage): RowId | null {
  return message.peerId?.className === 'PeerChannel' ? BigInt(message.peerId.channelId.toString()) : null
}

/** Whether a channel's own counter says when it is due, or that there is more. */
export function isOfChannel(update: Api.TypeUpdate): boolean {
  return update.className === 'UpdateChannelTooLong' || (counterOf(update)?.row ?? ACCOUNT) !== ACCOUNT
}

function counterOf(update: Api.TypeUpdate | Api.TypeUpdates): Arrival<GramUpdate>['counter'] {
  if ('pts' in update && 'ptsCount' in update && update.pts > 0) {
    const row = rowOfUpdate(update)
    return row === null ? null : { kind: 'pts', row, end: update.pts, count: update.ptsCount }
  }
  if ('qts' in update && update.qts > 0) return { kind: 'qts', row: ACCOUNT, end: update.qts, count: 1 }
  return null
}

function rowOfUpdate(update: Api.TypeUpdate | Api.TypeUpdates): RowId | null {
  if (update.className === 'UpdateNewChannelMessage' || update.className === 'UpdateEditChannelMessage')
    return channelOf(update.message)
  return 'channelId' in update ? BigInt(update.channelId.toString()) : ACCOUNT
}

function tooLongRow(update: Api.TypeUpdate): Container<GramUpdate>['tooLong'] {
  if (update.className === 'UpdatePtsChanged') return [{ row: ACCOUNT, pts: undefined }]
  if (update.className !== 'UpdateChannelTooLong') return []
  return [{ row: BigInt(update.channelId.toString()), pts: update.pts }]
}

type Affected =
  | Api.messages.AffectedMessages
  | Api.messages.AffectedHistory
  | Api.messages.AffectedFoundMessages

const AFFECTED = new Set<unknown>([
  'messages.AffectedMessages',
  'messages.AffectedHistory',
  'messages.AffectedFoundMessages',
])

function isAffected(answer: unknown): answer is Affected {
  return isObject(answer) && AFFECTED.has(answer['className'])
}

/** The answer does not say whose pts it is: the channel that the request was about, else the account. */
function rowOfRequest(request: unknown): RowId {
  const about = isObject(request)
    ? (request['channel'] ?? request['peer'] ?? request['parentPeer'])
    : undefined
  return isChannel(about) ? BigInt(about.channelId.toString()) : ACCOUNT
}

function isChannel(peer: unknown): peer is Api.InputChannel | Api.InputPeerChannel {
  return isObject(peer) && (peer['className'] === 'InputChannel' || peer['className'] === 'InputPeerChannel')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
