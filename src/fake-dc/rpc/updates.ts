import { RpcError } from '../errors.ts'
import { intOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import { type Handler, accountOf } from './call.ts'
import { savedMessage, selfUser } from './entities.ts'

/** Messages in one answer of getDifference. */
const SLICE = 100

const state = (pts: number, date: number): TlObject => ({
  _: 'updates.state',
  pts,
  qts: 0,
  date,
  seq: 0,
  unread_count: 0,
})

function difference(account: Account, request: TlObject, now: number): TlObject {
  const since = intOf(request, 'pts')
  if (since <= 0 || since > account.pts) throw new RpcError(400, 'PERSISTENT_TIMESTAMP_INVALID')
  const missed = account.messages.filter(({ pts }) => pts > since)
  if (missed.length === 0) return { _: 'updates.differenceEmpty', date: now, seq: 0 }
  const total = request['pts_total_limit']
  if (typeof total === 'number' && missed.length > total)
    return { _: 'updates.differenceTooLong', pts: account.pts }
  const limit = request['pts_limit']
  const sent = missed.slice(0, typeof limit === 'number' && limit > 0 ? Math.min(limit, SLICE) : SLICE)
  const isWhole = sent.length === missed.length
  const reached = state(sent.at(-1)?.pts ?? since, now)
  return {
    _: isWhole ? 'updates.difference' : 'updates.differenceSlice',
    new_messages: sent.map((message) => savedMessage(account, message)),
    new_encrypted_messages: [],
    other_updates: [],
    chats: [],
    users: [selfUser(account)],
    state: reached,
    intermediate_state: reached,
  }
}

export const UPDATES: Record<string, Handler> = {
  'updates.getState': (call) => state(accountOf(call).pts, call.world.seconds),
  'updates.getDifference': (call, request) => difference(accountOf(call), request, call.world.seconds),
  'updates.getChannelDifference': () => {
    throw new RpcError(400, 'CHANNEL_INVALID')
  },
}
