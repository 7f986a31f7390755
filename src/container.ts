/**
 * Around `SqlSessionContainer` of `tgsession/gramjs` and `tgsession/teleproto`, many sessions in one SQL database: its schema
 * for migrations of your own, helpers, and the types of its options.
 *
 * @module tgsession/container
 */
// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export { containerMigration, containerSchemaSql } from './container/tables/create-tables.ts'
export type { SessionContainer } from './container/session-container.ts'
export { sessionFiles } from './container/transfer/session-files.ts'
export type {
  ContainerOptions,
  CopyOptions,
  ExportOptions,
  OpenOptions,
  TransferOptions,
  TransferProgress,
} from './container/container-options.ts'
export type { QueueOptions } from './container/queued-session.ts'
export type { Preload } from './container/rows/read-rows.ts'
export type { StoredSession } from './container/rows/stored.ts'
export type { SessionSource } from './container/transfer/read-source.ts'
export type { AnyKysely, SqlKind } from './sql/kind.ts'
