import { TelegramClient as GramClient } from 'telegram'
import { AuthKey as GramAuthKey } from 'telegram/crypto/AuthKey.js'
import { Api as GramApi } from 'telegram/tl/index.js'
import { TelegramClient as ProtoClient } from 'teleproto'
import { AuthKey as ProtoAuthKey } from 'teleproto/crypto/AuthKey.js'
import { Api as ProtoApi } from 'teleproto/tl/index.js'
import { MemorySession, SQLiteSession } from '../../src/gramjs.ts'
import * as teleproto from '../../src/teleproto.ts'

/** A client library and our classes for it. */
export interface Library {
  name: string
  /** Where its client goes without a session. */
  home: [dcId: number, address: string]
  TelegramClient: typeof GramClient
  AuthKey: typeof GramAuthKey
  Api: typeof GramApi
  MemorySession: typeof MemorySession
  SQLiteSession: typeof SQLiteSession
}

/** Both, in GramJS's types: the tests use only what the two have in common. */
export const LIBRARIES: readonly Library[] = [
  {
    name: 'GramJS',
    home: [4, '149.154.167.91'],
    TelegramClient: GramClient,
    AuthKey: GramAuthKey,
    Api: GramApi,
    MemorySession,
    SQLiteSession,
  },
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  {
    name: 'teleproto',
    home: [2, '149.154.167.51'],
    TelegramClient: ProtoClient,
    AuthKey: ProtoAuthKey,
    Api: ProtoApi,
    ...teleproto,
  } as unknown as Library,
]
