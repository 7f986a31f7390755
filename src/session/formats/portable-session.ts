import type { AuthState, Entity, SentFile, SentFileKey, UpdateState } from '../core/storage.ts'

/** Formats of session strings, by the library that reads them. */
export type StringFormatName = 'telethon' | 'gramjs' | 'pyrogram' | 'mtcute' | 'mtkruto'

export const STRING_FORMATS = [
  'telethon',
  'gramjs',
  'pyrogram',
  'mtcute',
  'mtkruto',
] as const satisfies StringFormatName[]

/** Where a data centre's servers answer. */
export interface ServerAddress {
  /** An IP address. */
  serverAddress: string
  /** 443 as a rule. */
  port: number
}

/** The same, with its data centre. */
export interface DcAddress extends ServerAddress {
  /** 1 to 5 at Telegram. */
  dcId: number
}

/** A peer, with what only some libraries keep of it. */
export interface Peer extends Entity {
  /** When it was last heard of, in unix seconds. Pyrogram trusts a username for 8 hours after it, mtcute for 24. */
  date?: number | undefined
  /** The usernames that it has beside the first, lower case. */
  moreUsernames?: readonly string[] | undefined
  /** Pyrogram's word for its kind: user, bot, group, channel, supergroup, … */
  type?: string | undefined
}

/**
 * A session without the manner of any library. Undefined is what the format that it came from does not say.
 * Holds the key: a secret.
 */
export interface PortableSession extends AuthState {
  /** The account's own id. */
  userId: bigint | undefined
  /** Whether the account is a bot. */
  isBot: boolean | undefined
  /** Telegram's api_id of the application. */
  apiId: number | undefined
  /** Whether it belongs to Telegram's test servers. */
  testMode: boolean | undefined
  /** A server of the same data centre for files, where it is another one than the main server. */
  mediaDc: DcAddress | undefined
  /** Keys of other data centres, by their number. */
  otherKeys: ReadonlyMap<number, Uint8Array>
  /** The peers that it knows. */
  entities: readonly Peer[]
  /** By 0 for the account, or the bare id of a channel. */
  updateStates: ReadonlyMap<bigint, UpdateState>
  /** Files that were uploaded before. */
  sentFiles: readonly (readonly [SentFileKey, SentFile])[]
  /** What a person should know of the file that it came from: rows that were left out, a choice that was made. */
  notes: readonly string[]
}

/** A portable session with only these fields known. */
export function portable(known: Partial<PortableSession>): PortableSession {
  return {
    dcId: 0,
    serverAddress: undefined,
    port: 443,
    authKey: undefined,
    takeoutId: undefined,
    userId: undefined,
    isBot: undefined,
    apiId: undefined,
    testMode: undefined,
    mediaDc: undefined,
    otherKeys: new Map(),
    entities: [],
    updateStates: new Map(),
    sentFiles: [],
    notes: [],
    ...known,
  }
}
