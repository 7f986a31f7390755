export * from './errors.ts'
export type { CoreOptions, ChangeKind } from './session/session-core.ts'
export type { SQLiteSessionOptions } from './session/session-file.ts'
export type {
  AuthState,
  Entity,
  SentFile,
  SentFileKey,
  SessionStorage,
  UpdateState,
} from './session/storage.ts'
export { openSession, type OpenSession } from './run/teleproto/open-session.ts'
export type { OpenSessionOptions } from './run/opened-session.ts'
export { connectClient } from './telegram/connect.ts'
export { disconnectClient } from './telegram/disconnect.ts'
export { clientOptions } from './telegram/teleproto/client-options.ts'
export { addServerKey } from './telegram/teleproto/library.ts'
export { trackUpdates } from './telegram/teleproto/track-updates.ts'
export type { MissedUpdates } from './telegram/catch-up.ts'
export type { TrackUpdatesOptions } from './telegram/track-options.ts'
export type { UpdateTracker } from './telegram/update-tracker.ts'
export { MemorySession, type MemorySessionOptions } from './session/teleproto/memory-session.ts'
export type { ProtoSession } from './session/teleproto/proto-session.ts'
export { SQLiteSession } from './session/teleproto/sqlite-session.ts'
export { SqlSessionContainer } from './container/teleproto/sql-session-container.ts'
export { SqlSession } from './container/teleproto/sql-session.ts'
