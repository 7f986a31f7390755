import { Api } from 'telegram'
import { computeCheck } from 'telegram/Password.js'
import { RefusedError } from '../base/errors.ts'
import { rpcError } from '../telegram/client/classify.ts'
import { type Asker, RESEND } from './asker.ts'
import { describeCode, describeNext } from './code-type.ts'
import type { SentCode } from './code-type.ts'
import type { LoginFlow } from './flow.ts'
import type { Credentials } from './login-client.ts'
import type { Settings } from './settings.ts'
import { translate, unoccupied } from './refusals.ts'

export const ATTEMPTS = 3
/** Codes after the first: each counts at Telegram. */
const RESENDS = 2

const CODE_WRONG = new Set(['PHONE_CODE_INVALID', 'PHONE_CODE_EMPTY', 'CODE_INVALID', 'EMAIL_CODE_INVALID'])

/** Signs a user in; every refusal is thrown, success is silent. */
export async function signInUser(
  flow: LoginFlow,
  asker: Asker,
  phoneNumber: string,
  { apiId, apiHash, attempts, loginTokens, onLoginToken }: Settings,
): Promise<void> {
  const sending = async (): Promise<void> => await attempts.sending?.(phoneNumber)
  try {
    const sent = await sendCode(flow, phoneNumber, { apiId, apiHash }, loginTokens)
    if (sent instanceof Api.auth.SentCodeSuccess) return flow.noteSignedIn()
    await enterCode(flow, asker, phoneNumber, sent, sending)
  } catch (error) {
    if (rpcError(error)?.name !== 'SESSION_PASSWORD_NEEDED') throw error
    const token = await enterPassword(flow, asker)
    if (token !== null) onLoginToken?.(token)
  }
}

export async function signInBot(
  flow: LoginFlow,
  botAuthToken: string,
  { apiId, apiHash }: Credentials,
): Promise<void> {
  await flow.signIn(new Api.auth.ImportBotAuthorization({ flags: 0, apiId, apiHash, botAuthToken }))
}

/** Telegram may ask to restart; once is enough. */
async function sendCode(
  flow: LoginFlow,
  phoneNumber: string,
  { apiId, apiHash }: Credentials,
  loginTokens: Uint8Array[],
): Promise<Api.auth.TypeSentCode> {
  const logoutTokens = loginTokens.map((token) => Buffer.from(token))
  const settings = new Api.CodeSettings(logoutTokens.length > 0 ? { logoutTokens } : {})
  const request = new Api.auth.SendCode({ phoneNumber, apiId, apiHash, settings })
  // With one of them the answer may be that this key is signed in.
  const send = (): Promise<Api.auth.TypeSentCode> =>
    loginTokens.length > 0 ? flow.signIn(request) : flow.call(request)
  try {
    return await send()
  } catch (error) {
    if (rpcError(error)?.name !== 'AUTH_RESTART') throw error
    return await send()
  }
}

async function enterCode(
  flow: LoginFlow,
  asker: Asker,
  phoneNumber: string,
  first: Api.auth.SentCode,
  sending: () => Promise<void>,
): Promise<void> {
  let current = first
  let resends = 0
  let lastError: string | undefined
  for (let attempt = 1; attempt <= ATTEMPTS;) {
    const sent = describeCode(current.type)
    const { sentTo, length } = sent
    const resend = resends < RESENDS ? describeNext(current) : undefined
    const question = { sentTo, length, attempt, lastError, resend }
    const entered = await flow.ask((signal) => asker.code({ ...question, signal }))
    if (entered === RESEND) {
      resends++
      const other = resend && (await sendAgain(flow, phoneNumber, current, sending))
      current = other ?? current
      lastError = other ? undefined : 'no other code can be sent now'
      continue
    }
    attempt++
    const code = tidy(entered, sent)
    if (code !== '' && (await isRight(flow, phoneNumber, current.phoneCodeHash, code, sent))) return
    lastError = 'that code was not right'
  }
  throw new RefusedError('login.code_wrong', `the code was wrong ${ATTEMPTS} times`, {
    hint: 'Start again with a new code, and take the newest one that arrived.',
  })
}

/** The next way of sending a code; undefined where Telegram has none, or too many were asked for. */
async function sendAgain(
  flow: LoginFlow,
  phoneNumber: string,
  { phoneCodeHash }: Api.auth.SentCode,
  sending: () => Promise<void>,
): Promise<Api.auth.SentCode | undefined> {
  try {
    await sending()
    const sent = await flow.call(new Api.auth.ResendCode({ phoneNumber, phoneCodeHash }))
    return sent instanceof Api.auth.SentCode ? sent : undefined
  } catch (error) {
    if (rpcError(error)?.name === 'SEND_CODE_UNAVAILABLE') return undefined
    // The code that was sent is still good.
    if (error instanceof RefusedError && error.code === 'login.too_many') return undefined
    throw error
  }
}

async function isRight(
  flow: LoginFlow,
  phoneNumber: string,
  phoneCodeHash: string,
  code: string,
  { byEmail }: SentCode,
): Promise<boolean> {
  const proof = byEmail ? { emailVerification: new Api.EmailVerificationCode({ code }) } : { phoneCode: code }
  try {
    const answer = await flow.signIn(new Api.auth.SignIn({ phoneNumber, phoneCodeHash, ...proof }))
    if (answer instanceof Api.auth.AuthorizationSignUpRequired) throw unoccupied()
    return true
  } catch (error) {
    if (CODE_WRONG.has(rpcError(error)?.name ?? '')) return false
    throw error
  }
}

function tidy(entered: string, { words }: SentCode): string {
  return words ? entered.trim() : entered.replaceAll(/[\s-]/g, '')
}

/** Returns what spares the next login its code, if Telegram gives that. */
export async function enterPassword(
  flow: LoginFlow,
  asker: Pick<Asker, 'password'>,
): Promise<Uint8Array | null> {
  const { hint } = await flow.call(new Api.account.GetPassword())
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const lastError = attempt > 1 ? 'that password was not right' : undefined
    const password = await flow.ask((signal) =>
      asker.password({ hint: hint || undefined, attempt, lastError, signal }),
    )
    const answer = password === '' ? null : await prove(flow, password)
    if (answer) return (answer instanceof Api.auth.Authorization ? answer.futureAuthToken : null) ?? null
  }
  throw new RefusedError('login.password_wrong', `the password was wrong ${ATTEMPTS} times`, {
    hint: 'It is the password of two-step verification, set under Settings > Privacy in Telegram. Start again when you have it.',
  })
}

/** What makes a challenge stale: another that was fetched in between, or a change of the password. Once more is enough. */
const STALE = new Set(['SRP_ID_INVALID', 'SRP_PASSWORD_CHANGED'])

/** Null for a wrong password. */
async function prove(flow: LoginFlow, password: string): Promise<Api.auth.TypeAuthorization | null> {
  try {
    return await proveOnce(flow, password)
  } catch (error) {
    if (!STALE.has(rpcError(error)?.name ?? '')) throw error
    return await proveOnce(flow, password)
  }
}

async function proveOnce(flow: LoginFlow, password: string): Promise<Api.auth.TypeAuthorization | null> {
  // A challenge of the SRP exchange serves for one try, and not for as long as a person may think.
  const challenge = await flow.call(new Api.account.GetPassword())
  const proof = await computeCheck(challenge, password).catch((error: unknown) => {
    throw translate(error)
  })
  try {
    return await flow.signIn(new Api.auth.CheckPassword({ password: proof }))
  } catch (error) {
    if (rpcError(error)?.name === 'PASSWORD_HASH_INVALID') return null
    throw error
  }
}
