import type { AuthState, Entity, UpdateState } from '../core/storage.ts'

/** Which string formats there are, by the library that reads them. */
export type StringFormatName = 'telethon' | 'gramjs' | 'pyrogram' | 'mtcute'

/** Where a data centre's servers answer. */
export interface ServerAddress {
  serverAddress: string
  port: number
}

export interface DcAddress extends ServerAddress {
  dcId: number
}

/**
 * A session without the manner of any library. Undefined is what the format that it came from does not say.
 * Ids are bare, `apiId` is Telegram's api_id of the application.
 */
export interface PortableSession extends AuthState {
  userId: bigint | undefined
  isBot: boolean | undefined
  apiId: number | undefined
  testMode: boolean | undefined
  /** A server of the same data centre for files, where it is another one than the main server. */
  mediaDc: DcAddress | undefined
  /** Keys of other data centres, by their number. */
  otherKeys: ReadonlyMap<number, Uint8Array>
  entities: readonly Entity[]
  /** By 0 for the account, or the bare id of a channel. */
  updateStates: ReadonlyMap<bigint, UpdateState>
}

/** A portable session of which only this is known. */
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
    ...known,
  }
}
