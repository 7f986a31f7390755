import { RpcError } from '../errors.ts'
import { textOf } from '../tl/fields.ts'
import type { Handler } from './call.ts'
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
    const account = call.world.loginTokens.takeAccepted(call.key)
    if (account) return { _: 'auth.loginTokenSuccess', authorization: logInUnlessPassword(call, account) }
    const { token, expires } = call.world.loginTokens.create(call.key)
    return { _: 'auth.loginToken', expires: Math.floor(expires / 1000), token }
  },
}
