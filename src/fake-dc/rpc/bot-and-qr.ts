import { RpcError } from '../errors.ts'
import { bytesOf, textOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Call, Handler } from './call.ts'
import { checkApp, logIn, logInUnlessPassword } from './login.ts'

export const BOT_AND_QR: Record<string, Handler> = {
  'auth.importBotAuthorization': (call, request) => {
    checkApp(request)
    const bot = call.world.accounts.byToken(textOf(request, 'bot_auth_token'))
    if (!bot) throw new RpcError(400, 'ACCESS_TOKEN_INVALID')
    return logIn(call, bot)
  },
  'auth.exportLoginToken': (call, request) => {
    checkApp(request)
    const scan = call.world.loginTokens.takeScan(call.key)
    if (scan && 'dcId' in scan) return { _: 'auth.loginTokenMigrateTo', dc_id: scan.dcId, token: scan.token }
    if (scan) return success(call, scan.account)
    const { token, expires } = call.world.loginTokens.create(call.key)
    return { _: 'auth.loginToken', expires: Math.floor(expires / 1000), token }
  },
  'auth.importLoginToken': (call, request) => {
    const account = call.world.loginTokens.redeem(bytesOf(request, 'token'))
    if (!account) throw new RpcError(400, 'AUTH_TOKEN_INVALID')
    return success(call, account)
  },
}

function success(call: Call, account: Account): TlObject {
  return { _: 'auth.loginTokenSuccess', authorization: logInUnlessPassword(call, account) }
}
