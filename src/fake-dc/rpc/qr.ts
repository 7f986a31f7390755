import { RpcError } from '../errors.ts'
import { bytesOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Authorization } from '../world/authorization.ts'
import type { Grant } from '../world/login-tokens.ts'
import type { World } from '../world/world.ts'
import { device } from './authorizations.ts'
import { type Call, type Handler, userOf } from './call.ts'
import { checkApp, logInUnlessPassword, newAuthorization } from './login.ts'

/**
 * A device of the account, which lives in this world, lets a client in: one that asked here, or at a data centre
 * that this one knows, and which is sent here then.
 * @throws RpcError when the token is not valid now
 */
export function acceptToken(world: World, token: Uint8Array, account: Account): Authorization {
  const asked = [world, ...world.neighbours.values()].find(({ loginTokens }) => loginTokens.has(token))
  if (!asked) throw new RpcError(400, 'AUTH_TOKEN_INVALID')
  const key = asked.loginTokens.keyOf(token)
  const authorization = newAuthorization(world, key, account)
  if (asked === world) {
    asked.loginTokens.accept(token, { account, authorization })
    key.login.wait(account, authorization)
  } else {
    const granted = world.loginTokens.grant({ account, authorization })
    asked.loginTokens.accept(token, { dcId: world.dcId, token: granted })
  }
  const update = { _: 'updateShort', update: { _: 'updateLoginToken' }, date: world.seconds }
  for (const session of key.sessions.values()) asked.push(key, session, update)
  return authorization
}

export const QR: Record<string, Handler> = {
  'auth.exportLoginToken': (call, request) => {
    checkApp(request)
    const scan = call.world.loginTokens.takeScan(call.key)
    if (scan && 'dcId' in scan) return { _: 'auth.loginTokenMigrateTo', dc_id: scan.dcId, token: scan.token }
    if (scan) return success(call, scan)
    const { token, expires } = call.world.loginTokens.create(call.key)
    return { _: 'auth.loginToken', expires: Math.floor(expires / 1000), token }
  },
  'auth.importLoginToken': (call, request) => {
    const grant = call.world.loginTokens.redeem(bytesOf(request, 'token'))
    if (!grant) throw new RpcError(400, 'AUTH_TOKEN_INVALID')
    return success(call, grant)
  },
  'auth.acceptLoginToken': (call, request) => {
    const account = userOf(call)
    const authorization = acceptToken(call.world, bytesOf(request, 'token'), account)
    return device(authorization, account, { isPending: true, isCurrent: false }, call.world.seconds)
  },
}

function success(call: Call, { account, authorization }: Grant): TlObject {
  return {
    _: 'auth.loginTokenSuccess',
    authorization: logInUnlessPassword(call, account, authorization),
  }
}
