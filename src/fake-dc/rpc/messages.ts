import { RpcError } from '../errors.ts'
import { intOf, longOf, objectOf, textOf } from '../tl/fields.ts'
import { type Handler, accountOf } from './call.ts'
import { newMessageUpdates, savedMessage, selfUser } from './entities.ts'
import { isSelf } from './users.ts'

const MAX_TEXT = 4096

export const MESSAGES: Record<string, Handler> = {
  'messages.sendMessage': (call, request) => {
    const { world, connection, key, session } = call
    const account = accountOf(call)
    const text = textOf(request, 'message').trim()
    const randomId = longOf(request, 'random_id')
    if (account.standing === 'frozen') throw new RpcError(420, 'FROZEN_METHOD_INVALID')
    if (!isSelf(account, objectOf(request, 'peer'))) throw new RpcError(400, 'PEER_ID_INVALID')
    if (text === '') throw new RpcError(400, 'MESSAGE_EMPTY')
    if (text.length > MAX_TEXT) throw new RpcError(400, 'MESSAGE_TOO_LONG')
    if (account.randomIds.has(randomId)) throw new RpcError(500, 'RANDOM_ID_DUPLICATE')
    account.randomIds.add(randomId)
    const message = account.addMessage(text, world.seconds)
    world.emit('message', connection.id, { keyId: key.id, sessionId: session.name })
    world.publish(account, newMessageUpdates(account, message), session)
    // Not updateShortSentMessage: in the chat with oneself a message is both sent and received.
    return newMessageUpdates(account, message, { randomId })
  },
  'messages.getHistory': (call, request) => {
    const account = accountOf(call)
    if (!isSelf(account, objectOf(request, 'peer'))) throw new RpcError(400, 'PEER_ID_INVALID')
    const [before, least, most] = [
      intOf(request, 'offset_id'),
      intOf(request, 'min_id'),
      intOf(request, 'max_id'),
    ]
    const found = account.messages
      .filter(({ id }) => (before === 0 || id < before) && id > least && (most === 0 || id < most))
      .toReversed()
      .slice(0, Math.max(0, Math.min(intOf(request, 'limit'), 100)))
    return {
      _: 'messages.messages',
      messages: found.map((message) => savedMessage(account, message)),
      topics: [],
      chats: [],
      users: [selfUser(account)],
    }
  },
  'messages.getDialogs': () => ({ _: 'messages.dialogs', dialogs: [], messages: [], chats: [], users: [] }),
}
