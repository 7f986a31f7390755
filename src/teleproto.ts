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
export { MemorySession, type MemorySessionOptions } from './session/teleproto/memory-session.ts'
export type { ProtoSession } from './session/teleproto/proto-session.ts'
export { SQLiteSession } from './session/teleproto/sqlite-session.ts'
export { SqlSessionContainer } from './container/teleproto/sql-session-container.ts'
export { SqlSession } from './container/teleproto/sql-session.ts'
