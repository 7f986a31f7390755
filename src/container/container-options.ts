import type { Clock } from '../base/clock.ts'
import type { Report } from '../base/life/report.ts'
import type { Holder } from '../lease/record.ts'
import type { QueueOptions } from './queued-session.ts'

/** How a container keeps its sessions. */
export interface ContainerOptions extends QueueOptions {
  /** TGSESSION_KEY in either of its forms, or its 32 bytes: encrypts auth keys. */
  key?: string | Uint8Array | undefined
  /** Former keys, which may still decrypt. */
  previousKeys?: readonly (string | Uint8Array)[] | undefined
  /** Writes auth keys as Python reads them, for tables that are shared with it. Default: false. */
  plainKeys?: boolean | undefined
  /** Before the name of every table. Default: none. */
  tablePrefix?: string | undefined
  /** Makes and upgrades the tables. With false they are only checked. Default: true. */
  manageTables?: boolean | undefined
  /** How people recognise this instance as a holder. Default: the host's name. */
  label?: string | undefined
  /** Milliseconds without a renewal after which another may take a lease. Default: 45000. */
  ttlMs?: number | undefined
  /** @internal */
  clock?: Clock | undefined
  /** What relative paths of SQLite files start from. Default: the working directory. */
  cwd?: string | undefined
}

/** How a session of a container is waited for and used. */
export interface OpenOptions extends QueueOptions {
  /** Called with each event. Unless given, waiting and trouble are printed to standard error. */
  report?: Report | undefined
  /** SIGTERM and SIGINT close the session, beside whatever the program does on them itself. Default: true. */
  closeOnSignals?: boolean | undefined
  /** Milliseconds that `close()` may take. Default: 25 000. */
  shutdownMs?: number | undefined
  /** Gives up waiting for the lease when it fires. */
  signal?: AbortSignal | undefined
  /** Called once per holder that is waited for. */
  onWaiting?: ((holder: Holder) => void) | undefined
}

/** How a session is put in. */
export interface CopyOptions {
  /** Also in the place of a session with a key. Default: false. */
  replace?: boolean | undefined
  /** Gives up waiting for a holder when it fires. */
  signal?: AbortSignal | undefined
}

/** How a session is taken out. */
export interface ExportOptions {
  /** Also while somebody uses it: connecting with the copy then kills both. Default: false. */
  copy?: boolean | undefined
  /** Gives up waiting for a holder when it fires. */
  signal?: AbortSignal | undefined
}

/** Sees how far a transfer is. */
export interface TransferProgress {
  /** Of the session that this is about. */
  id: string
  /** Sessions that are done, this one included. */
  done: number
  /** Why this one failed. */
  error?: Error | undefined
}

/** How many sessions are moved. */
export interface TransferOptions {
  /** Ends it between two sessions. */
  signal?: AbortSignal | undefined
  /** Told of each session that is done, and of each that failed. */
  onProgress?: ((progress: TransferProgress) => void) | undefined
}
