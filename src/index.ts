/**
 * What needs no client library: errors, sessions as bytes and strings, settings, the store, the login. Importing it loads
 * neither `telegram` nor `teleproto`. To run a bot on the stored session, see `openSession` of `tgsession/gramjs` or
 * `tgsession/teleproto`.
 *
 * @module tgsession
 */
// oxlint-disable-next-line import/no-unassigned-import -- it looks at the version of Node before all else
import './base/require-node.ts'
export {
  BadDataError,
  ConfigurationError,
  ConflictError,
  ForbiddenError,
  LeaseError,
  LimitError,
  NoSessionError,
  RefusedError,
  SaveFailedError,
  TgsessionError,
  UnreachableError,
  UnsupportedError,
  UsageError,
} from './base/errors.ts'
export { convertToFile, convertToString, type ConvertOptions } from './session/convert.ts'
export type {
  DcAddress,
  Peer,
  PortableSession,
  ServerAddress,
  StringFormatName,
} from './session/formats/portable-session.ts'
export type { FamilyName } from './session/formats/family.ts'
export { decodeSessionString, encodeSessionString } from './session/formats/strings/session-string.ts'
export { readStoreSession } from './session/formats/gramjs/store-session.ts'
export { inspectSession, verifySession, type SessionReport, type VerifiedSession } from './session/inspect.ts'
export type { SessionFormat } from './session/read-session.ts'
export type {
  AuthState,
  Entity,
  SentFile,
  SentFileKey,
  SessionStorage,
  UpdateState,
} from './session/core/storage.ts'
export type { ChangeKind, CoreOptions } from './session/core/session-core.ts'
export { readSettings, type Environment, type Needs, type Settings } from './config/settings.ts'
export type { Host } from './config/host.ts'
export { openReplica, type OpenReplicaOptions } from './config/open-replica.ts'
export { namesPlainSession, openPlainSession, type PlainSession } from './config/open-plain-session.ts'
export type { Replica, RestoreOptions, WaitOptions } from './replica/replica.ts'
export type { Restored, SaveOutcome } from './replica/outcome.ts'
export type { Claimed } from './replica/claims.ts'
export type { ChangeOptions } from './replica/head-file.ts'
export type { WriteOptions } from './replica/revision-writer.ts'
export type { LoginAttempt } from './replica/login/attempt.ts'
export type { Base, Current, DeadReason, Head, HeadEvent, Quarantined, Revision } from './replica/head.ts'
export type { OnProgress, TransferOptions as StoreOptions } from './base/transfer.ts'
export type { Lease } from './lease/lease.ts'
export type { Holder } from './lease/record.ts'
export type { Report } from './base/life/report.ts'
export { logIn } from './login/log-in.ts'
export type { DataCentre, LoggedIn, LoggedInUser, LogInOptions, Who } from './login/settings.ts'
export type { LogSink } from './telegram/client/log-sink.ts'
export type { AttemptLog } from './login/attempt-log.ts'
export { RESEND } from './login/asker.ts'
export type {
  Asker,
  CodeQuestion,
  PasswordQuestion,
  QrAsker,
  QrCode,
  Question,
  RepeatedQuestion,
} from './login/asker.ts'
