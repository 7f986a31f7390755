import { markedId, type PeerId, type PeerKind } from './marked-id.ts'
import type { Entity } from './storage.ts'

/**
 * Entities out of the objects that a client library got from Telegram. By class name and field, so that it
 * serves `telegram` (GramJS) and `teleproto` alike; the `username` is the main one, as Telethon keeps it.
 */
export interface FoundEntities {
  entities: Entity[]
  /** The account's own id, where a user marked as `self` was among them. */
  selfId: bigint | undefined
}

type Fields = Readonly<Record<string, unknown>>

const KINDS: Readonly<Record<string, PeerKind>> = {
  User: 'user',
  UserFull: 'user',
  PeerUser: 'user',
  InputPeerUser: 'user',
  InputUser: 'user',
  Chat: 'chat',
  ChatForbidden: 'chat',
  ChatEmpty: 'chat',
  ChatFull: 'chat',
  PeerChat: 'chat',
  InputPeerChat: 'chat',
  Channel: 'channel',
  ChannelForbidden: 'channel',
  ChannelFull: 'channel',
  PeerChannel: 'channel',
  InputPeerChannel: 'channel',
  InputChannel: 'channel',
}

/** The names of the fields of Telegram's answers that hold entities. */
const CONTAINERS = ['user', 'chat', 'channel', 'users', 'chats'] as const

export function findEntities(value: unknown): FoundEntities {
  const found: FoundEntities = { entities: [], selfId: undefined }
  for (const item of candidates(value)) {
    const fields = fieldsOf(item)
    const entity = fields && entityOf(fields)
    if (entity === undefined) continue
    found.entities.push(entity)
    if (fields?.['className'] === 'User' && fields['self'] === true) found.selfId = entity.id
  }
  return found
}

/** The row of one object, or undefined if it is no entity, or none that can be reached by its hash (`min`, no hash). */
export function entityOf(value: unknown): Entity | undefined {
  const fields = fieldsOf(value) ?? {}
  const peer = peerOf(fields)
  if (peer === undefined || fields['min'] === true) return undefined
  const hash = peer.kind === 'chat' ? 0n : integer(fields['accessHash'])
  // Clients write 0 for "I have no hash"; it must not replace one that works.
  if (hash === undefined || (hash === 0n && peer.kind !== 'chat')) return undefined
  return {
    id: markedId(peer),
    hash,
    username: text(fields['username'])?.toLowerCase() ?? null,
    phone: phoneOf(fields['phone']),
    name: text(fields['title']) ?? displayName(fields),
  }
}

/** The marked id of any object that stands for a peer, also of one that cannot be reached by it. */
export function markedIdOf(value: unknown): bigint | undefined {
  const peer = peerOf(fieldsOf(value) ?? {})
  return peer && markedId(peer)
}

function peerOf(fields: Fields): PeerId | undefined {
  const kind = KINDS[text(fields['className']) ?? '']
  const id = kind && integer(fields['id'] ?? fields[`${kind}Id`])
  return kind === undefined || id === undefined || id <= 0n ? undefined : { kind, id }
}

/** A whole 64-bit number, however the library spells it: number, bigint or a big-integer object. */
export function integer(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'bigint' && !isObject(value)) return undefined
  // oxlint-disable-next-line typescript/no-base-to-string -- a big-integer prints its digits; all else fails the test
  const digits = String(value)
  if (!/^-?\d{1,19}$/.test(digits)) return undefined
  const number = BigInt(digits)
  return BigInt.asIntN(64, number) === number ? number : undefined
}

function candidates(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  const fields = fieldsOf(value)
  return fields === undefined ? [] : CONTAINERS.flatMap((name) => fields[name] ?? [])
}

function fieldsOf(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function displayName(fields: Fields): string | null {
  const [first, last] = [text(fields['firstName']), text(fields['lastName'])]
  return first !== undefined && last !== undefined ? `${first} ${last}` : (first ?? last ?? null)
}

function phoneOf(value: unknown): bigint | null {
  const digits = text(value)
  return digits !== undefined && /^\d{1,18}$/.test(digits) ? BigInt(digits) : null
}
