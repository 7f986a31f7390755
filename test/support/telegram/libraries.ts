import { Api, TelegramClient } from 'telegram'
import { NewMessage } from 'telegram/events/index.js'
import * as proto from 'teleproto'
import { NewMessage as ProtoNewMessage } from 'teleproto/events/index.js'
import { Logger, LogLevel } from 'teleproto/extensions/Logger.js'
import { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'
import { clientOptions } from '../../../src/clients/gramjs/client-options.ts'
import type { ClientOptionOverrides } from '../../../src/clients/gramjs/client-options.ts'
import { addServerKey } from '../../../src/clients/gramjs/library.ts'
import { trackUpdates } from '../../../src/clients/gramjs/track-updates.ts'
import * as ours from '../../../src/teleproto.ts'

/** A client library, and what we have for it. */
export interface Library {
  name: 'GramJS' | 'teleproto'
  Api: typeof Api
  NewMessage: typeof NewMessage
  SQLiteSession: typeof SQLiteSession
  TelegramClient: typeof TelegramClient
  addServerKey: typeof addServerKey
  clientOptions: typeof clientOptions
  trackUpdates: typeof trackUpdates
}

export const GRAMJS: Library = {
  name: 'GramJS',
  Api,
  NewMessage,
  SQLiteSession,
  TelegramClient,
  addServerKey,
  clientOptions: (session, overrides) => clientOptions(session, { log: () => undefined, ...overrides }),
  trackUpdates,
}

/** In GramJS's types: the tests use only what the two have in common. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const TELEPROTO: Library = {
  ...ours,
  name: 'teleproto',
  Api: proto.Api,
  NewMessage: ProtoNewMessage,
  TelegramClient: proto.TelegramClient,
  clientOptions: (session: ours.SQLiteSession, overrides: ClientOptionOverrides = {}) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    ours.clientOptions(session, { baseLogger: new Logger(LogLevel.NONE), ...(overrides as object) }),
} as unknown as Library

export const LIBRARIES: readonly Library[] = [GRAMJS, TELEPROTO]

/** The one that a session is for. */
export function libraryOf(session: SQLiteSession): Library {
  return session instanceof GRAMJS.SQLiteSession ? GRAMJS : TELEPROTO
}
