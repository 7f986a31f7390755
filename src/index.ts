export * from './errors.ts'
export { readSettings, type Environment, type Settings } from './config/settings.ts'
export { openReplica } from './config/open-replica.ts'
export { namesPlainSession, openPlainSession, type PlainSession } from './config/open-plain-session.ts'
export { openSession, type OpenSession } from './run/open-session.ts'
export type { OpenSessionOptions } from './run/opened-session.ts'
export { convertToFile, convertToString, type ConvertOptions } from './session/convert.ts'
export type { DcAddress, PortableSession, StringFormatName } from './session/formats/portable-session.ts'
export { decodeSessionString, encodeSessionString } from './session/formats/session-string.ts'
export { readStoreSession } from './session/formats/store-session.ts'
export type { GramSession } from './session/gramjs-session.ts'
export { MemorySession, type MemorySessionOptions } from './session/memory-session.ts'
export type { ChangeKind, CoreOptions } from './session/session-core.ts'
export type { SQLiteSessionOptions } from './session/session-file.ts'
export type {
  AuthState,
  Entity,
  SentFile,
  SentFileKey,
  SessionStorage,
  UpdateState,
} from './session/storage.ts'
export { SQLiteSession } from './session/sqlite-session.ts'
export { inspectSession, verifySession, type SessionReport } from './session/inspect.ts'
export { clientOptions } from './telegram/client-options.ts'
export { connectClient } from './telegram/connect.ts'
export { disconnectClient } from './telegram/disconnect.ts'
export { trackUpdates } from './telegram/track-updates.ts'
export type { UpdateTracker } from './telegram/update-tracker.ts'
export type { TrackUpdatesOptions } from './telegram/track-options.ts'
export type { MissedUpdates, TrackedSession } from './telegram/catch-up.ts'
export { logIn, type LoggedIn, type LogInOptions, type Who } from './login/login.ts'
export type { Asker } from './login/asker.ts'
export type { Head, Revision } from './replica/head.ts'
export type { Lease } from './replica/lease.ts'
export type { Replica, Restored, SaveOutcome } from './replica/replica.ts'
