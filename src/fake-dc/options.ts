import type { KeyObject } from 'node:crypto'

/** Frozen: may read, but not write. Banned and deleted: nobody gets in, and who is in gets an error. */
export type Standing = 'good' | 'frozen' | 'banned' | 'deleted'

export interface FakeAccount {
  /** International, digits; a leading + and spaces are ignored. */
  phone: string
  /** The login code that is right for every auth.sendCode. */
  code: string
  /** Two-step verification, proven by real SRP. */
  password?: string
  userId?: bigint
  firstName?: string
  username?: string
  /** Good by default; {@link FakeDc.setStanding} changes it. */
  standing?: Standing
  /** No future_auth_token at login and log-out, as Telegram may decide. */
  withoutFutureAuthTokens?: boolean
  /** New logins need no confirmation on another device. */
  confirmsLogins?: boolean
}

export interface FakeBot {
  token: string
  userId?: bigint
  firstName?: string
  username?: string
}

/** Somebody who is no account of this server, but whom an account hears of. */
export interface FakePerson {
  userId: bigint
  firstName: string
  username?: string
}

/** A broadcast channel; every account follows it. */
export interface FakeChannel {
  /** Bare and positive. */
  channelId: bigint
  title: string
  username?: string
}

export interface FakeDcOptions {
  accounts?: FakeAccount[]
  bots?: FakeBot[]
  channels?: FakeChannel[]
  /** Messages in one answer of getDifference and getChannelDifference; 100 by default. */
  differenceSlice?: number
  /** More messages than this are not told: differenceTooLong. No limit by default. */
  differenceLimit?: number
  /** 127.0.0.1 by default. */
  host?: string
  /** 0, the default, takes a free one. */
  port?: number
  /** 2 by default. */
  dcId?: number
  /** An RSA key of 2048 bits, as KeyObject or PEM; made at the start by default. */
  privateKey?: KeyObject | string
  /** Wall clock in milliseconds since 1970. */
  now?: () => number
  randomBytes?: (count: number) => Uint8Array
  onEvent?: (event: FakeDcEvent) => void
}

/** Something that happened, in the order in which the server saw it. `at` is `now()`. */
export interface FakeDcEvent {
  type: 'connect' | 'disconnect' | 'key' | 'request' | 'login' | 'duplicate' | 'message'
  at: number
  /** Counts the TCP connections from 1; 0 where no connection is concerned. */
  connectionId: number
  /** 16 hex digits, as in {@link FakeDcKeyStats}. */
  keyId?: string
  /** The MTProto session_id of the client instance, 16 hex digits. */
  sessionId?: string
  /** Of a request: the method without its wrappers; hex digits where it is unknown. */
  method?: string
}

export type FakeDcKeyState = 'fresh' | 'authorised' | 'duplicated' | 'revoked' | 'expired' | 'loggedOut'

export interface FakeDcKeyStats {
  /** auth_key_id: the last 8 bytes of SHA-1 over the key, as 16 hex digits in their order. */
  keyId: string
  userId: bigint | null
  state: FakeDcKeyState
  /** TCP connections that ever used the key, and those open now. */
  connections: number
  open: number
  /** RPC requests that carried the key. */
  requests: number
  /** 1 when two clients used the key at once, which killed it. */
  duplicates: number
  /** Requests that were refused because the key was dead by then. */
  refused: number
}

export interface FakeDcStats {
  logins: number
  connections: number
  duplicates: number
  keys: FakeDcKeyStats[]
}
