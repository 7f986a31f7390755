import { RpcError } from '../errors.ts'
import { listOf, textOf } from '../tl/fields.ts'
import { isTlObject } from '../tl/value.ts'
import { type Handler, accountOf } from './call.ts'
import { channelEntity, channelOf } from './channels.ts'
import { otherUser, selfUser } from './entities.ts'

export const PEERS: Record<string, Handler> = {
  'contacts.resolveUsername': (call, request) => {
    const self = accountOf(call)
    const name = textOf(request, 'username')
    if (!/^[a-z]\w{2,31}$/i.test(name)) throw new RpcError(400, 'USERNAME_INVALID')
    const channel = [...call.world.channels.values()].find(
      ({ username }) => username?.toLowerCase() === name.toLowerCase(),
    )
    if (channel) {
      const peer = { _: 'peerChannel', channel_id: channel.id }
      return { _: 'contacts.resolvedPeer', peer, chats: [channelEntity(channel)], users: [] }
    }
    const worlds = [call.world, ...call.world.neighbours.values()]
    const account = worlds.map(({ accounts }) => accounts.byUsername(name)).find(Boolean)
    if (!account) throw new RpcError(400, 'USERNAME_NOT_OCCUPIED')
    const user = account === self ? selfUser(self) : otherUser(account.person)
    const peer = { _: 'peerUser', user_id: account.userId }
    return { _: 'contacts.resolvedPeer', peer, chats: [], users: [user] }
  },
  'channels.getChannels': (call, request) => {
    const account = accountOf(call)
    const inputs = listOf(request, 'id').filter(isTlObject)
    const channels = inputs.map((input) => channelOf(call.world, account, input))
    return { _: 'messages.chats', chats: channels.map(channelEntity) }
  },
  // Basic groups are not known here.
  'messages.getChats': (_call, request) => {
    if (listOf(request, 'id').length > 0) throw new RpcError(400, 'CHAT_ID_INVALID')
    return { _: 'messages.chats', chats: [] }
  },
}
