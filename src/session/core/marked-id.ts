/**
 * Marked ids: one number for a peer of any kind, as the Bot API and Telethon write it.
 * A user is `id`, a basic group `-id`, a channel or supergroup `-(10^12 + id)`. Always by arithmetic on BigInt:
 * GramJS concatenates '-100' and the id, which is wrong for ids that do not have ten digits.
 */
export type PeerKind = 'user' | 'chat' | 'channel'

export interface PeerId {
  kind: PeerKind
  /** Bare and positive. */
  id: bigint
}

const CHANNEL_MARK = 1_000_000_000_000n

export function markedId({ kind, id }: PeerId): bigint {
  if (kind === 'user') return id
  return kind === 'chat' ? -id : -(CHANNEL_MARK + id)
}

export function unmarkId(marked: bigint): PeerId {
  if (marked >= 0n) return { kind: 'user', id: marked }
  return marked < -CHANNEL_MARK
    ? { kind: 'channel', id: -marked - CHANNEL_MARK }
    : { kind: 'chat', id: -marked }
}
