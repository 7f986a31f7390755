import { RpcError } from '../errors.ts'
import { intOf, textOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Call } from './call.ts'
import { selfUser } from './entities.ts'

/** Every way of logging in names the app. @throws RpcError */
export function checkApp(request: TlObject): void {
  if (intOf(request, 'api_id') <= 0 || textOf(request, 'api_hash') === '')
    throw new RpcError(400, 'API_ID_INVALID')
}

/** The key belongs to the account from now on. */
export function logIn({ world, connection, key, session }: Call, account: Account): TlObject {
  key.authorise(account)
  world.logins++
  world.emit('login', connection.id, { keyId: key.id, sessionId: session.name })
  return { _: 'auth.authorization', user: selfUser(account) }
}

/** The same, unless the account has a password: then auth.checkPassword comes next. @throws RpcError */
export function logInUnlessPassword(call: Call, account: Account): TlObject {
  if (account.fields.password === null) return logIn(call, account)
  call.key.pending = account
  throw new RpcError(401, 'SESSION_PASSWORD_NEEDED')
}
