/**
 * For programs with `telegram` (GramJS). `openSession` and `SqlSessionContainer.open` give a session under a lease, to be
 * used with a client; the classes of sessions stand alone as well. Errors are in `tgsession`. `tgsession/teleproto` has the
 * same names for `teleproto`.
 *
 * @module tgsession/gramjs
 */
// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export { openSession, type OpenSession } from './run/in-process/gramjs.ts'
export type { OpenSessionOptions } from './run/in-process/open-under-lease.ts'
export type { ForkedLogin, ForkRequest } from './clients/save-port.ts'
export type { OpenedSession, OpenedSessionOptions } from './clients/opened-session.ts'
export { connectClient } from './telegram/client/connect.ts'
export type { DeadlineOptions } from './telegram/client/call.ts'
export { disconnectClient, type DisconnectOptions } from './telegram/client/disconnect.ts'
export type { AnyClient } from './telegram/client/internals.ts'
export { clientOptions, type ClientOptionOverrides } from './clients/gramjs/client-options.ts'
export { addServerKey } from './clients/gramjs/library.ts'
export { trackUpdates } from './clients/gramjs/track-updates.ts'
export type { TrackUpdatesOptions } from './telegram/updates/track-options.ts'
export type { UpdateTracker } from './telegram/updates/tracker.ts'
export type { MissedUpdates, TrackedSession } from './telegram/updates/catch-up.ts'
export type { BaseSession, PeerLike } from './clients/gramjs/base-session.ts'
export { MemorySession, type MemorySessionOptions } from './clients/gramjs/memory-session.ts'
export { SQLiteSession } from './clients/gramjs/sqlite-session.ts'
export type { SQLiteSessionOptions } from './session/formats/telethon/live-file.ts'
export type { SqlSession } from './clients/gramjs/sql-session.ts'
export { SqlSessionContainer } from './clients/gramjs/sql-session-container.ts'
