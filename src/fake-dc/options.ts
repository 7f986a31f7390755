import type { KeyObject } from 'node:crypto'

/** Frozen: may read, but not write. Banned and deleted: logins are refused, and requests of existing ones get an error. */
export type Standing = 'good' | 'frozen' | 'banned' | 'deleted'

/** A user of this server. */
export interface FakeAccount {
  /** International, digits; a leading + and spaces are ignored. */
  phone: string
  /** The login code that is right for every auth.sendCode. */
  code: string
  /** Two-step verification, proven by real SRP. */
  password?: string
  /** Default: 1000001 and so on. */
  userId?: bigint
  /** Default: `User`. */
  firstName?: string
  /** Without `@`; none by default. */
  username?: string
  /** Good by default; {@link FakeDc.setStanding} changes it. */
  standing?: Standing
  /** No future_auth_token at login and log-out, as Telegram may decide. */
  withoutFutureAuthTokens?: boolean
  /** New logins need no confirmation on another device. */
  confirmsLogins?: boolean
}

/** A bot of this server. */
export interface FakeBot {
  /** As from @BotFather. */
  token: string
  /** Default: what stands before the colon of the token. */
  userId?: bigint
  /** Default: `Bot`. */
  firstName?: string
  /** Without `@`; none by default. */
  username?: string
}

/** A person without an account on this server, whom an account hears of. */
export interface FakePerson {
  /** Bare and positive. */
  userId: bigint
  /** As clients show it. */
  firstName: string
  /** Without `@`. */
  username?: string
}

/** A broadcast channel; every account follows it. */
export interface FakeChannel {
  /** Bare and positive. */
  channelId: bigint
  /** As clients show it. */
  title: string
  /** Without `@`. */
  username?: string
}

/** What a data centre knows, and where it listens. */
export interface FakeDcOptions {
  /** None by default. */
  accounts?: FakeAccount[]
  /** None by default. */
  bots?: FakeBot[]
  /** None by default. */
  channels?: FakeChannel[]
  /** Messages in one answer of getDifference and getChannelDifference; 100 by default. */
  differenceSlice?: number
  /** More messages than this are not returned: differenceTooLong. No limit by default. */
  differenceLimit?: number
  /** 127.0.0.1 by default. */
  host?: string
  /** 0, the default, takes a free one. */
  port?: number
  /** 2 by default. */
  dcId?: number
  /** An RSA key of 2048 bits, as KeyObject or PEM; by default one that all data centres of this process share. */
  privateKey?: KeyObject | string
  /** Wall clock in milliseconds since 1970. */
  now?: () => number
  /** Where its randomness comes from; `crypto.randomBytes` by default. */
  randomBytes?: (count: number) => Uint8Array
  /** Told of everything that happens. */
  onEvent?: (event: FakeDcEvent) => void
}

/** Something that happened, in the order in which the server saw it. */
export interface FakeDcEvent {
  /** What it is: `login` and `key` for a new one, `duplicate` for a key that two clients used at once. */
  type: 'connect' | 'disconnect' | 'key' | 'request' | 'login' | 'duplicate' | 'message'
  /** Milliseconds since 1970. */
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

/** What became of an auth key. */
export type FakeDcKeyState = 'fresh' | 'authorised' | 'duplicated' | 'revoked' | 'expired' | 'loggedOut'

/** What happened with one auth key. */
export interface FakeDcKeyStats {
  /** auth_key_id: the last 8 bytes of SHA-1 over the key, as 16 hex digits in their order. */
  keyId: string
  /** The account that is logged in with it. */
  userId: bigint | null
  /** What became of it. */
  state: FakeDcKeyState
  /** TCP connections that ever used the key. */
  connections: number
  /** Of those, how many are open now. */
  open: number
  /** RPC requests that carried the key. */
  requests: number
  /** 1 when two clients used the key at once, which killed it. */
  duplicates: number
  /** Requests that were refused because the key was dead by then. */
  refused: number
}

/** What has happened at a data centre. */
export interface FakeDcCounts {
  /** That succeeded. */
  logins: number
  /** Over TCP, ever. */
  connections: number
  /** Auth keys that died because two clients used them at once. */
  duplicates: number
  /** One by one. */
  keys: FakeDcKeyStats[]
}
