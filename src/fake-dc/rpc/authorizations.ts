import { RpcError } from '../errors.ts'
import { intOf, longOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Authorization } from '../world/authorization.ts'
import { type Call, type Handler, userOf } from './call.ts'

/** A login must be that old before it may end others, in seconds. */
const FRESH = 86_400
const TTL_DAYS = { least: 1, most: 366 }

/** A login as the list of devices shows it. */
export function device(
  authorization: Authorization,
  account: Account,
  { isCurrent, isPending }: { isCurrent: boolean; isPending: boolean },
  now: number,
): TlObject {
  const { client } = authorization
  return {
    _: 'authorization',
    current: isCurrent,
    password_pending: isPending && account.fields.password !== null,
    unconfirmed: !authorization.isConfirmed(now),
    hash: isCurrent ? 0n : authorization.hash,
    device_model: client.deviceModel,
    platform: 'Node',
    system_version: client.systemVersion,
    api_id: client.apiId,
    app_name: `App ${client.apiId}`,
    app_version: client.appVersion,
    date_created: authorization.createdAt,
    date_active: authorization.activeAt,
    ip: '127.0.0.1',
    country: 'Nowhere',
    region: '',
  }
}

/** @throws RpcError in the first 24 hours of the calling login */
function refuseFresh({ key: { login }, world }: Call): void {
  if (world.seconds - (login.authorization?.createdAt ?? 0) < FRESH)
    throw new RpcError(406, 'FRESH_RESET_AUTHORISATION_FORBIDDEN')
}

/** The other login of that hash. @throws RpcError */
function otherOf({ world, key }: Call, account: Account, hash: bigint): Authorization {
  const authorizations = world.keysOf(account).map(({ login }) => login.authorization)
  const found = authorizations.find((each) => each?.hash === hash && each !== key.login.authorization)
  if (!found) throw new RpcError(400, 'HASH_INVALID')
  return found
}

export const AUTHORIZATIONS: Record<string, Handler> = {
  'account.getAuthorizations': (call) => {
    const { world, key } = call
    const account = userOf(call)
    const list = world.keysOf(account).flatMap(({ login: { authorization, pending } }) => {
      if (!authorization) return []
      const isCurrent = authorization === key.login.authorization
      return [device(authorization, account, { isCurrent, isPending: pending !== null }, world.seconds)]
    })
    return {
      _: 'account.authorizations',
      authorization_ttl_days: account.authorizationTtlDays,
      authorizations: list,
    }
  },
  'account.resetAuthorization': (call, request) => {
    const account = userOf(call)
    refuseFresh(call)
    const hash = longOf(request, 'hash')
    if (!call.world.loginTokens.withdraw(account, hash)) call.world.end(otherOf(call, account, hash))
    return true
  },
  'auth.resetAuthorizations': (call) => {
    const account = userOf(call)
    refuseFresh(call)
    for (const { login } of call.world.keysOf(account))
      if (login.authorization && login.authorization !== call.key.login.authorization)
        call.world.end(login.authorization)
    return true
  },
  'account.changeAuthorizationSettings': (call, request) => {
    const authorization = otherOf(call, userOf(call), longOf(request, 'hash'))
    if (request['confirmed'] === true) authorization.confirm()
    return true
  },
  'account.setAuthorizationTTL': (call, request) => {
    const account = userOf(call)
    const days = intOf(request, 'authorization_ttl_days')
    if (days < TTL_DAYS.least || days > TTL_DAYS.most) throw new RpcError(400, 'TTL_DAYS_INVALID')
    refuseFresh(call)
    account.authorizationTtlDays = days
    return true
  },
}
