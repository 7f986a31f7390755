import { RpcError } from '../errors.ts'
import { bytesOf, intOf, longOf, objectOf, textOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import { type Call, type Handler, accountOf, layerOf } from './call.ts'
import { selfUser } from './entities.ts'
import { checkApp, logIn, logInUnlessPassword } from './login.ts'

/** auth.sentCodeSuccess is as old as that. */
const TOKENS_FROM = 152

/** Digits of the phone number. @throws RpcError when it cannot be one */
function phoneOf(request: TlObject): string {
  const phone = textOf(request, 'phone_number').replaceAll(/[\s()+-]/g, '')
  if (!/^\d{5,15}$/.test(phone)) throw new RpcError(400, 'PHONE_NUMBER_INVALID')
  return phone
}

/** The phone number whose code is under way. @throws RpcError */
function expected({ world }: Call, request: TlObject): string {
  const phone = phoneOf(request)
  const hash = textOf(request, 'phone_code_hash')
  if (hash === '') throw new RpcError(400, 'PHONE_CODE_HASH_EMPTY')
  if (!world.loginCodes.isCurrent(phone, hash)) throw new RpcError(400, 'PHONE_CODE_EXPIRED')
  return phone
}

/** The account of that number here. @throws RpcError when it lives in another data centre */
function accountAt({ world }: Call, phone: string): Account | undefined {
  const account = world.accounts.byPhone(phone)
  if (account) return account
  for (const [dcId, { accounts }] of world.neighbours)
    if (accounts.byPhone(phone)) throw new RpcError(303, `PHONE_MIGRATE_${dcId}`)
  return undefined
}

/** Whether the client has a token of an earlier login of that account, which spares the code. */
function isKnownDevice(call: Call, request: TlObject, account: Account): boolean {
  const tokens = objectOf(request, 'settings')['logout_tokens']
  if (layerOf(call) < TOKENS_FROM || !Array.isArray(tokens)) return false
  return call.world.futureAuthTokens.redeem(tokens.filter(isBytes), account)
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

const codeLength = ({ world }: Call, phone: string): number =>
  world.accounts.byPhone(phone)?.fields.code?.length ?? 5

export const AUTH: Record<string, Handler> = {
  'auth.sendCode': (call, request) => {
    checkApp(request)
    const phone = phoneOf(request)
    const account = accountAt(call, phone)
    if (account?.standing === 'banned') throw new RpcError(400, 'PHONE_NUMBER_BANNED')
    if (account && isKnownDevice(call, request, account))
      return { _: 'auth.sentCodeSuccess', authorization: logInUnlessPassword(call, account) }
    return {
      _: 'auth.sentCode',
      type: { _: 'auth.sentCodeTypeApp', length: codeLength(call, phone) },
      phone_code_hash: call.world.loginCodes.send(phone),
      next_type: { _: 'auth.codeTypeSms' },
      timeout: 60,
    }
  },
  'auth.resendCode': (call, request) => {
    const phone = expected(call, request)
    if (!call.world.loginCodes.resend(phone)) throw new RpcError(406, 'SEND_CODE_UNAVAILABLE')
    return {
      _: 'auth.sentCode',
      type: { _: 'auth.sentCodeTypeSms', length: codeLength(call, phone) },
      phone_code_hash: textOf(request, 'phone_code_hash'),
    }
  },
  'auth.cancelCode': (call, request) => {
    call.world.loginCodes.forget(expected(call, request))
    return true
  },
  'auth.signIn': (call, request) => {
    const phone = expected(call, request)
    const code = request['phone_code']
    if (code === undefined || code === '') throw new RpcError(400, 'PHONE_CODE_EMPTY')
    const account = call.world.accounts.byPhone(phone)
    if (!account || account.standing === 'deleted') throw new RpcError(400, 'PHONE_NUMBER_UNOCCUPIED')
    if (code !== account.fields.code) throw new RpcError(400, 'PHONE_CODE_INVALID')
    call.world.loginCodes.forget(phone)
    return logInUnlessPassword(call, account)
  },
  'auth.logOut': (call) => {
    const { login } = call.key
    const account = login.pending ?? accountOf(call)
    login.end('loggedOut')
    login.account = null
    call.world.loginTokens.forget(call.key)
    return { _: 'auth.loggedOut', future_auth_token: call.world.futureAuthTokens.issue(account) }
  },
  'auth.importBotAuthorization': (call, request) => {
    checkApp(request)
    const token = textOf(request, 'bot_auth_token')
    const bot = call.world.accounts.byToken(token)
    if (bot) return logIn(call, bot)
    for (const [dcId, { accounts }] of call.world.neighbours)
      if (accounts.byToken(token)) throw new RpcError(303, `USER_MIGRATE_${dcId}`)
    throw new RpcError(400, 'ACCESS_TOKEN_INVALID')
  },
  'auth.exportAuthorization': (call, request) => {
    const { login } = call.key
    const account = accountOf(call)
    const there = call.world.neighbours.get(intOf(request, 'dc_id'))
    if (!there || !login.authorization) throw new RpcError(400, 'DC_ID_INVALID')
    const bytes = there.loginTokens.grant({ account, authorization: login.authorization })
    return { _: 'auth.exportedAuthorization', id: account.userId, bytes }
  },
  'auth.importAuthorization': (call, request) => {
    const grant = call.world.loginTokens.redeem(bytesOf(request, 'bytes'))
    if (grant?.account.userId !== longOf(request, 'id')) throw new RpcError(400, 'AUTH_BYTES_INVALID')
    call.key.login.begin(grant.account, grant.authorization)
    return { _: 'auth.authorization', user: selfUser(grant.account) }
  },
}
