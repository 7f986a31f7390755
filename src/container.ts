export { SqlSessionContainer } from './container/sql-session-container.ts'
export { SqlSession } from './container/sql-session.ts'
export { OpenedSession } from './container/opened-session.ts'
export { containerMigration, containerSchemaSql } from './container/create-tables.ts'
export { sessionFiles } from './container/session-files.ts'
export type {
  ContainerOptions,
  OpenOptions,
  TransferOptions,
  TransferProgress,
} from './container/container-options.ts'
export type { QueueOptions } from './container/queued-session.ts'
export type { Preload } from './container/read-rows.ts'
export type { SessionSource } from './container/read-source.ts'
export type { SqlKind } from './container/sql-kind.ts'
