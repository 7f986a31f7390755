import { RpcError } from '../errors.ts'
import { intOf, longOf, objectOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Channel, Post } from '../world/channel.ts'
import type { World } from '../world/world.ts'
import { type Handler, accountOf } from './call.ts'
import { accessHash } from './entities.ts'

const peer = (channel: Channel): TlObject => ({ _: 'peerChannel', channel_id: channel.id })

/** The channel as a client learns of it, with the hash that it needs to ask about it. */
export function channelEntity(channel: Channel): TlObject {
  return {
    _: 'channel',
    broadcast: true,
    id: channel.id,
    access_hash: accessHash(channel.id),
    title: channel.title,
    username: channel.username,
    photo: { _: 'chatPhotoEmpty' },
    date: channel.createdAt,
  }
}

function message(channel: Channel, { id, text, date }: Post): TlObject {
  return { _: 'message', post: true, id, peer_id: peer(channel), date, message: text }
}

export function newPostUpdates(channel: Channel, post: Post): TlObject {
  const update = {
    _: 'updateNewChannelMessage',
    message: message(channel, post),
    pts: post.pts,
    pts_count: 1,
  }
  return {
    _: 'updates',
    updates: [update],
    users: [],
    chats: [channelEntity(channel)],
    date: post.date,
    seq: 0,
  }
}

export function tooLongUpdate(channel: Channel): TlObject {
  return { _: 'updateChannelTooLong', channel_id: channel.id, pts: channel.pts }
}

/** @throws RpcError for a channel that is not known by this hash (bots need none), or not open */
export function channelOf(world: World, account: Account, input: TlObject): Channel {
  if (account.standing === 'frozen') throw new RpcError(400, 'FROZEN_PARTICIPANT_MISSING')
  const channel = world.channels.get(longOf(input, 'channel_id'))
  const hash = longOf(input, 'access_hash')
  const isKnown = hash === accessHash(channel?.id ?? 0n) || (hash === 0n && account.fields.token !== null)
  if (!channel || !isKnown) throw new RpcError(400, 'CHANNEL_INVALID')
  if (channel.isPrivate) throw new RpcError(400, 'CHANNEL_PRIVATE')
  return channel
}

function tooLong(channel: Channel): TlObject {
  const last = channel.posts.at(-1)
  const dialog = {
    _: 'dialog',
    peer: peer(channel),
    top_message: last?.id ?? 0,
    read_inbox_max_id: 0,
    read_outbox_max_id: 0,
    unread_count: channel.posts.length,
    unread_mentions_count: 0,
    unread_reactions_count: 0,
    unread_poll_votes_count: 0,
    notify_settings: { _: 'peerNotifySettings' },
    pts: channel.pts,
  }
  const messages = last ? [message(channel, last)] : []
  const rest = { messages, chats: [channelEntity(channel)], users: [] }
  return { _: 'updates.channelDifferenceTooLong', final: true, dialog, ...rest }
}

export const CHANNELS: Record<string, Handler> = {
  'updates.getChannelDifference': (call, request) => {
    const { world } = call
    const channel = channelOf(world, accountOf(call), objectOf(request, 'channel'))
    const since = intOf(request, 'pts')
    if (since <= 0) throw new RpcError(400, 'PERSISTENT_TIMESTAMP_EMPTY')
    if (since > channel.pts) throw new RpcError(400, 'PERSISTENT_TIMESTAMP_INVALID')
    const missed = channel.posts.filter(({ pts }) => pts > since)
    if (missed.length === 0) return { _: 'updates.channelDifferenceEmpty', final: true, pts: channel.pts }
    if (missed.length > world.difference.tooLong) return tooLong(channel)
    const sent = missed.slice(0, Math.max(1, Math.min(intOf(request, 'limit'), world.difference.slice)))
    return {
      _: 'updates.channelDifference',
      final: sent.length === missed.length,
      pts: sent.at(-1)?.pts ?? since,
      new_messages: sent.map((post) => message(channel, post)),
      other_updates: [],
      chats: [channelEntity(channel)],
      users: [],
    }
  },
}
