import { RpcError } from '../errors.ts'
import type { FakeDcKeyState } from '../options.ts'
import type { TlObject, TlValue } from '../tl/value.ts'
import type { Account } from '../world/account.ts'
import type { Carrier, ClientSession, Key, World } from '../world/world.ts'

/** Where a message came from. */
export interface Line {
  world: World
  connection: Carrier & { closeAfter(seconds: number): void }
  key: Key
  session: ClientSession
}

/** One RPC request under way. */
export interface Call extends Line {
  messageId: bigint
}

/** Answers a method, or throws an RpcError. */
export type Handler = (call: Call, request: TlObject) => TlValue | Promise<TlValue>

const REFUSALS: Partial<Record<FakeDcKeyState, string>> = {
  revoked: 'SESSION_REVOKED',
  expired: 'SESSION_EXPIRED',
}

/** The account of an authorised key. @throws RpcError */
export function accountOf({ key: { login } }: Line): Account {
  if (login.state === 'authorised' && login.account) {
    refuseGone(login.account)
    return login.account
  }
  throw new RpcError(401, REFUSALS[login.state] ?? 'AUTH_KEY_UNREGISTERED')
}

/** @throws RpcError for a bot */
export function userOf(line: Line): Account {
  const account = accountOf(line)
  if (account.fields.token !== null) throw new RpcError(400, 'BOT_METHOD_INVALID')
  return account
}

/** @throws RpcError when the account no longer exists */
export function refuseGone({ standing }: Account): void {
  if (standing === 'banned') throw new RpcError(401, 'USER_DEACTIVATED_BAN')
  if (standing === 'deleted') throw new RpcError(401, 'USER_DEACTIVATED')
}

/** The client's layer. */
export const layerOf = ({ key, session }: Pick<Line, 'key' | 'session'>): number =>
  session.layer ?? key.layer ?? 0
