import { RpcError } from '../errors.ts'
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

/** The account of an authorised key. @throws RpcError */
export function accountOf({ key }: Line): Account {
  if (key.state === 'authorised' && key.account) return key.account
  throw new RpcError(401, key.state === 'revoked' ? 'SESSION_REVOKED' : 'AUTH_KEY_UNREGISTERED')
}
