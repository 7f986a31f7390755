import { RpcError } from '../errors.ts'
import { intOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Channel } from '../world/channel.ts'
import type { DifferenceLimits } from '../world/world.ts'
import { type Handler, accountOf } from './call.ts'
import { channelEntity, tooLongUpdate } from './channels.ts'
import { savedMessage, selfUser } from './entities.ts'

const state = (pts: number, date: number): TlObject => ({
  _: 'updates.state',
  pts,
  qts: 0,
  date,
  seq: 0,
  unread_count: 0,
})

interface Setting {
  now: number
  limits: DifferenceLimits
  /** Those that have news since the client's date. */
  channels: Channel[]
}

function difference(account: Account, request: TlObject, { now, limits, channels }: Setting): TlObject {
  const since = intOf(request, 'pts')
  if (since <= 0 || since > account.pts) throw new RpcError(400, 'PERSISTENT_TIMESTAMP_INVALID')
  const missed = account.messages.filter(({ pts }) => pts > since)
  if (missed.length === 0 && channels.length === 0) return { _: 'updates.differenceEmpty', date: now, seq: 0 }
  const total = request['pts_total_limit']
  if (missed.length > Math.min(typeof total === 'number' ? total : Infinity, limits.tooLong))
    return { _: 'updates.differenceTooLong', pts: account.pts }
  const limit = request['pts_limit']
  const asked = typeof limit === 'number' && limit > 0 ? limit : Infinity
  const sent = missed.slice(0, Math.min(asked, limits.slice))
  const isWhole = sent.length === missed.length
  const reached = state(sent.at(-1)?.pts ?? since, now)
  return {
    _: isWhole ? 'updates.difference' : 'updates.differenceSlice',
    new_messages: sent.map((message) => savedMessage(account, message)),
    new_encrypted_messages: [],
    other_updates: isWhole ? channels.map(tooLongUpdate) : [],
    chats: isWhole ? channels.map(channelEntity) : [],
    users: [selfUser(account)],
    state: reached,
    intermediate_state: reached,
  }
}

export const UPDATES: Record<string, Handler> = {
  'updates.getState': (call) => state(accountOf(call).pts, call.world.seconds),
  'updates.getDifference': (call, request) => {
    const { seconds: now, difference: limits, channels } = call.world
    const since = intOf(request, 'date')
    const changed = [...channels.values()].filter(
      ({ posts, isPrivate }) => !isPrivate && (posts.at(-1)?.date ?? 0) >= since,
    )
    return difference(accountOf(call), request, { now, limits, channels: changed })
  },
}
