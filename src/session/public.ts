/** What the entries of both client libraries export of this room: all of it but the classes. */
export { convertToFile, convertToString, type ConvertOptions } from './convert.ts'
export type {
  DcAddress,
  PortableSession,
  ServerAddress,
  StringFormatName,
} from './formats/portable-session.ts'
export { decodeSessionString, encodeSessionString } from './formats/session-string.ts'
export { readStoreSession } from './formats/store-session.ts'
export { inspectSession, verifySession, type SessionReport } from './inspect.ts'
export type { SessionFormat } from './read-session.ts'
export type { ChangeKind, CoreOptions } from './session-core.ts'
export type { SQLiteSessionOptions } from './session-file.ts'
export type { AuthState, Entity, SentFile, SentFileKey, SessionStorage, UpdateState } from './storage.ts'
