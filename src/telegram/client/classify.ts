import { RefusedError, safeCause, TgsessionError, UnreachableError } from '../../base/errors.ts'
import { TransportError } from './line.ts'

/**
 * What an error says about the session's key. `reason` is Telegram's own word for it (AUTH_KEY_DUPLICATED, −404)
 * or the name of the error, and never holds a secret.
 * - `revoked`: the key is dead: ended by its owner, logged out, forgotten by the server, or the account is gone
 * - `duplicated`: the key is dead, because two connections used it at once
 * - `flood`: Telegram wants `seconds` of peace; the key lives. The transport's -429 gives no time: a minute is taken
 * - `frozen`: the account may only read; the key lives
 * - `network`: no answer, or one that says that Telegram has trouble; the key is as it was
 * - `other`: an answer that says nothing about the key
 */
export type Verdict =
  | { kind: 'revoked' | 'duplicated' | 'frozen' | 'network' | 'other'; reason: string }
  | { kind: 'flood'; seconds: number; reason: string }

/** https://core.telegram.org/api/errors: 401 also has answers that mean "not yet", e.g. SESSION_PASSWORD_NEEDED. */
const DEAD = new Set([
  'AUTH_KEY_UNREGISTERED',
  'AUTH_KEY_INVALID',
  'SESSION_REVOKED',
  'SESSION_EXPIRED',
  'USER_DEACTIVATED',
  'USER_DEACTIVATED_BAN',
])

const TRANSPORT_FLOOD_SECONDS = 60

const GRAMJS_NETWORK =
  /^(Not connected|NetSocket was closed|Cannot send requests while disconnected|Maximum reconnection retries|Request was unsuccessful|TIMEOUT)/

/** Telegram's name of an RPC error and its HTTP-like code, from either client library; null for any other error. */
export function rpcError(error: unknown): { name: string; code: number; seconds: number | null } | null {
  if (typeof error !== 'object' || error === null || !('errorMessage' in error)) return null
  const { errorMessage: name } = error
  if (typeof name !== 'string') return null
  const code = 'code' in error && typeof error.code === 'number' ? error.code : 0
  const told = 'seconds' in error && typeof error.seconds === 'number' ? error.seconds : null
  const named = /_WAIT_(\d+)$/.exec(name)?.[1]
  // GramJS files every wait under the one name FLOOD.
  const seconds = told ?? (named === undefined ? null : Number(named))
  return { name: name === 'FLOOD' && seconds !== null ? `FLOOD_WAIT_${seconds}` : name, code, seconds }
}

export function classify(error: unknown): Verdict {
  const rpc = rpcError(error)
  if (rpc) {
    const { name: reason, code, seconds } = rpc
    if (reason === 'AUTH_KEY_DUPLICATED') return { kind: 'duplicated', reason }
    if (DEAD.has(reason)) return { kind: 'revoked', reason }
    if (reason.startsWith('FROZEN_')) return { kind: 'frozen', reason }
    if (seconds !== null) return { kind: 'flood', seconds, reason }
    return { kind: Math.abs(code) >= 500 ? 'network' : 'other', reason }
  }
  // https://core.telegram.org/mtproto/mtproto-transports#transport-errors
  if (error instanceof TransportError && error.code === -429)
    return { kind: 'flood', seconds: TRANSPORT_FLOOD_SECONDS, reason: '-429' }
  if (error instanceof TransportError)
    return { kind: error.code === -404 ? 'revoked' : 'network', reason: String(error.code) }
  if (error instanceof UnreachableError) return { kind: 'network', reason: error.code }
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof Error && 'syscall' in error && 'code' in error)
    return { kind: 'network', reason: String(error.code) }
  if (GRAMJS_NETWORK.test(text)) return { kind: 'network', reason: 'disconnected' }
  return { kind: 'other', reason: error instanceof Error ? error.name : typeof error }
}

/** Not everything that ends a key is mended by another login. */
function endHint(reason: string): string {
  if (reason === 'USER_DEACTIVATED_BAN')
    return 'The account is banned, and no login can help. Its owner may write to recover@telegram.org.'
  if (reason === 'USER_DEACTIVATED') return 'The account was deleted, and no login can help.'
  if (reason === '-404') return 'Telegram does not know its auth key any more. Log in again.'
  return 'It was ended from another device, or was unused for too long. Log in again.'
}

/** Our error for it, for callers without a more specific one. */
export function asTelegramError(error: unknown): TgsessionError {
  if (error instanceof TgsessionError) return error
  const verdict = classify(error)
  const cause = safeCause(error)
  switch (verdict.kind) {
    case 'revoked':
      return new RefusedError(
        'telegram.key_revoked',
        `Telegram no longer accepts this session (${verdict.reason}).`,
        { hint: endHint(verdict.reason), cause },
      )
    case 'duplicated':
      return new RefusedError(
        'telegram.key_duplicated',
        'Telegram has ended this session for good, because it was used from two places at once (AUTH_KEY_DUPLICATED).',
        { hint: 'Stop whatever else uses it, then log in again.', cause },
      )
    case 'frozen':
      return new RefusedError('telegram.frozen', `Telegram has frozen this account (${verdict.reason}).`, {
        hint: 'The session is intact: do not log in again. An official app shows the reason and how to appeal (@SpamBot).',
        cause,
      })
    case 'flood':
      return new RefusedError('telegram.flood_wait', `Telegram asks to wait ${verdict.seconds} seconds.`, {
        hint: 'Wait that long and try again; the session is intact.',
        cause,
      })
    case 'network':
      return new UnreachableError('telegram.unreachable', `Telegram cannot be reached (${verdict.reason}).`, {
        hint: 'Check the network and try again; the session is intact.',
        cause,
      })
    case 'other':
      break
  }
  return new RefusedError('telegram.refused', `Telegram refused the request (${verdict.reason}).`, {
    hint: 'The session is not known to be broken. https://core.telegram.org/api/errors explains the word in brackets.',
    cause,
  })
}
