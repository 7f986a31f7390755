import { RpcError } from '../errors.ts'
import { intOf, textOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import { Authorization, type ClientInfo } from '../world/authorization.ts'
import type { Key, World } from '../world/world.ts'
import { type Call, refuseGone } from './call.ts'
import { selfUser } from './entities.ts'

/** updateNewAuthorization is younger than many a client. */
const ANNOUNCED_FROM = 164
const UNKNOWN_CLIENT: ClientInfo = { apiId: 0, deviceModel: '', systemVersion: '', appVersion: '' }

/** Every way of logging in names the app. @throws RpcError */
export function checkApp(request: TlObject): void {
  if (intOf(request, 'api_id') <= 0 || textOf(request, 'api_hash') === '')
    throw new RpcError(400, 'API_ID_INVALID')
}

/** A login of the account that is about to begin with that key. */
export function newAuthorization(world: World, key: Key, account: Account): Authorization {
  const hash = world.randomBytes(8).readBigInt64LE() | 1n
  const isFirst = !world.keysOf(account).some(({ login }) => login.state === 'authorised')
  const isConfirmed = isFirst || account.fields.confirmsLogins
  return new Authorization(hash, key.client ?? UNKNOWN_CLIENT, world.seconds, isConfirmed)
}

/** The key belongs to the account from now on; the account's other devices hear of it. */
export function logIn(
  call: Call,
  account: Account,
  authorization = newAuthorization(call.world, call.key, account),
): TlObject {
  const { world, connection, key, session } = call
  authorization.client = key.client ?? authorization.client
  key.login.begin(account, authorization)
  world.logins++
  world.emit('login', connection.id, { keyId: key.id, sessionId: session.name })
  if (account.fields.token === null) announce(call, account, authorization)
  const token = world.futureAuthTokens.issue(account)
  return { _: 'auth.authorization', future_auth_token: token, user: selfUser(account) }
}

/** The same, unless the account has a password: then auth.checkPassword comes next. @throws RpcError */
export function logInUnlessPassword(
  call: Call,
  account: Account,
  authorization = newAuthorization(call.world, call.key, account),
): TlObject {
  refuseGone(account)
  if (account.fields.password === null) return logIn(call, account, authorization)
  call.key.login.wait(account, authorization)
  throw new RpcError(401, 'SESSION_PASSWORD_NEEDED')
}

function announce({ world, session }: Call, account: Account, authorization: Authorization): void {
  const isConfirmed = authorization.isConfirmed(world.seconds)
  const news = {
    date: authorization.createdAt,
    device: authorization.client.deviceModel,
    location: 'Nowhere, at home',
  }
  const update = {
    _: 'updateNewAuthorization',
    hash: authorization.hash,
    ...(!isConfirmed && { unconfirmed: true, ...news }),
  }
  world.publish(account, { _: 'updateShort', update, date: world.seconds }, session, ANNOUNCED_FROM)
}
