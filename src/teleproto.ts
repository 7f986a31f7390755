/**
 * For programs with `teleproto`, the maintained fork of GramJS; the same names as in `tgsession/gramjs`, which is for
 * `telegram`. Errors are in `tgsession`.
 *
 * @module tgsession/teleproto
 */
// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export { openSession, type OpenSession } from './run/in-process/teleproto.ts'
export type { OpenSessionOptions } from './run/in-process/open-under-lease.ts'
export type { ForkedLogin, ForkRequest } from './clients/save-port.ts'
export type { OpenedSession, OpenedSessionOptions } from './clients/opened-session.ts'
export { connectClient } from './telegram/client/connect.ts'
export type { DeadlineOptions } from './telegram/client/call.ts'
export { disconnectClient, type DisconnectOptions } from './telegram/client/disconnect.ts'
export type { AnyClient } from './telegram/client/internals.ts'
export { clientOptions, type ClientOptionOverrides } from './clients/teleproto/client-options.ts'
export { addServerKey } from './clients/teleproto/library.ts'
export { trackUpdates } from './clients/teleproto/track-updates.ts'
export type { TrackUpdatesOptions } from './telegram/updates/track-options.ts'
export type { UpdateTracker } from './telegram/updates/tracker.ts'
export type { MissedUpdates, TrackedSession } from './telegram/updates/catch-up.ts'
export type { BaseSession, PeerLike } from './clients/teleproto/base-session.ts'
export { MemorySession, type MemorySessionOptions } from './clients/teleproto/memory-session.ts'
export { SQLiteSession } from './clients/teleproto/sqlite-session.ts'
export type { SQLiteSessionOptions } from './session/formats/telethon/live-file.ts'
export type { SqlSession } from './clients/teleproto/sql-session.ts'
export { SqlSessionContainer } from './clients/teleproto/sql-session-container.ts'
