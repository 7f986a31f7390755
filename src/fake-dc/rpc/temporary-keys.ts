import { openBindMessage } from '../crypto/bind-message.ts'
import { RpcError } from '../errors.ts'
import { bytesOf, intOf, longOf } from '../tl/fields.ts'
import { CODEC } from '../tl/schemas.ts'
import type { Handler } from './call.ts'

const idBytes = (id: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(id)
  return bytes
}

/** Perfect forward secrecy (core.telegram.org/api/pfs): a temporary key serves once a permanent one vouches for it. */
export const TEMPORARY_KEYS: Record<string, Handler> = {
  'auth.bindTempAuthKey': ({ world, key, session, messageId }, request) => {
    if (key.expiresAt === null) throw new RpcError(400, 'TEMP_AUTH_KEY_EMPTY')
    const id = longOf(request, 'perm_auth_key_id')
    const permanent = world.keys.get(idBytes(id).toString('hex'))
    const sealed = bytesOf(request, 'encrypted_message')
    const message =
      permanent && !permanent.isForgotten && permanent.expiresAt === null
        ? openBindMessage(permanent.bytes, sealed)
        : null
    if (!permanent || message?.messageId !== messageId) throw new RpcError(400, 'ENCRYPTED_MESSAGE_INVALID')
    const inner = CODEC.decodeWhole(message.body)
    const isMeant =
      inner._ === 'bind_auth_key_inner' &&
      longOf(inner, 'nonce') === longOf(request, 'nonce') &&
      longOf(inner, 'temp_auth_key_id') === key.idBytes.readBigInt64LE() &&
      longOf(inner, 'perm_auth_key_id') === id &&
      longOf(inner, 'temp_session_id') === session.id
    if (!isMeant) throw new RpcError(400, 'ENCRYPTED_MESSAGE_INVALID')
    if (intOf(request, 'expires_at') <= world.seconds) throw new RpcError(400, 'EXPIRES_AT_INVALID')
    key.bindTo(permanent)
    return true
  },
}
