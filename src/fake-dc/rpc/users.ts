import { RpcError } from '../errors.ts'
import { listOf, objectOf } from '../tl/fields.ts'
import { type TlObject, type TlValue, isTlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import { type Handler, accountOf } from './call.ts'
import { accessHash, selfUser } from './entities.ts'

/** Whether an InputUser or InputPeer means the account itself. */
export function isSelf(account: Account, peer: TlValue | undefined): boolean {
  if (!isTlObject(peer)) return false
  if (peer._ === 'inputUserSelf' || peer._ === 'inputPeerSelf') return true
  return peer['user_id'] === account.userId && peer['access_hash'] === accessHash(account.userId)
}

/** Nobody knows anybody but himself here. */
function personOf(account: Account, input: TlValue): TlObject {
  if (isSelf(account, input)) return selfUser(account)
  const id = isTlObject(input) ? input['user_id'] : undefined
  return { _: 'userEmpty', id: typeof id === 'bigint' ? id : 0n }
}

export const USERS: Record<string, Handler> = {
  'users.getUsers': (call, request) => {
    const account = accountOf(call)
    return listOf(request, 'id').map((input) => personOf(account, input))
  },
  'users.getFullUser': (call, request) => {
    const account = accountOf(call)
    if (!isSelf(account, objectOf(request, 'id'))) throw new RpcError(400, 'USER_ID_INVALID')
    const fullUser = {
      _: 'userFull',
      can_pin_message: true,
      id: account.userId,
      settings: { _: 'peerSettings' },
      notify_settings: { _: 'peerNotifySettings' },
      common_chats_count: 0,
    }
    return { _: 'users.userFull', full_user: fullUser, chats: [], users: [selfUser(account)] }
  },
  'account.updateStatus': () => true,
}
