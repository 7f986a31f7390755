/** What the entries of both client libraries export of this room: all of it but the classes. */
export { convertToFile, convertToString, type ConvertOptions } from './convert.ts'
export type {
  DcAddress,
  PortableSession,
  ServerAddress,
  StringFormatName,
} from './formats/portable-session.ts'
export { decodeSessionString, encodeSessionString } from './formats/strings/session-string.ts'
export { readStoreSession } from './formats/gramjs/store-session.ts'
export { inspectSession, verifySession, type SessionReport } from './inspect.ts'
export type { SessionFormat } from './read-session.ts'
export type { ChangeKind, CoreOptions } from './core/session-core.ts'
export type { SQLiteSessionOptions } from './formats/telethon/live-file.ts'
export type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './core/storage.ts'
