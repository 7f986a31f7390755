import { RpcError } from '../errors.ts'
import { textOf } from '../tl/fields.ts'
import type { TlObject } from '../tl/value.ts'
import { type Call, type Handler, accountOf } from './call.ts'
import { checkApp, logInUnlessPassword } from './login.ts'

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

const codeLength = ({ world }: Call, phone: string): number =>
  world.accounts.byPhone(phone)?.fields.code?.length ?? 5

export const AUTH: Record<string, Handler> = {
  'auth.sendCode': (call, request) => {
    checkApp(request)
    const phone = phoneOf(request)
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
    if (!account) throw new RpcError(400, 'PHONE_NUMBER_UNOCCUPIED')
    if (code !== account.fields.code) throw new RpcError(400, 'PHONE_CODE_INVALID')
    call.world.loginCodes.forget(phone)
    return logInUnlessPassword(call, account)
  },
  'auth.logOut': (call) => {
    accountOf(call)
    call.key.state = 'loggedOut'
    call.key.account = null
    return { _: 'auth.loggedOut' }
  },
}
