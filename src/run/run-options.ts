import type { TgsessionError } from '../base/errors.ts'
import { constants } from 'node:os'
import type { Clock } from '../base/clock.ts'
import type { FamilyName } from '../session/formats/family.ts'
import type { StringFormatName } from '../session/formats/portable-session.ts'
import type { OnProgress } from '../base/transfer.ts'
import type { ApiCredentials } from './command/ask-telegram.ts'
import type { Report } from '../base/life/report.ts'
import type { Importing } from './import-session.ts'

/** Why the command is to end: the host's signal, as the reason of `RunOptions.stop`. */
export class Stop {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    this.signal = signal
  }

  get exitCode(): number {
    return 128 + constants.signals[this.signal]
  }
}

/** Does the work, and shows how far it is where that takes long. */
export type ShowProgress = <T>(what: string, work: (onProgress: OnProgress) => Promise<T>) => Promise<T>

export interface RunOptions {
  argv: readonly string[]
  env: Record<string, string | undefined>
  /** Where the session is placed; unless given, a temporary file that is removed after a good last save. */
  file?: string | undefined
  passEnv?: boolean | undefined
  /** Hands the session over as strings in these variables, instead of as a file; nothing is written back then. */
  asStrings?: readonly { variable: string; format: StringFormatName }[] | undefined
  /** Which file the command opens; as it is stored, unless given. */
  family?: FamilyName | undefined
  /** A session to store if there is none yet. */
  importing?: Importing | undefined
  /** Needed to ask Telegram whether a key is dead, or whose it is. */
  api?: ApiCredentials | undefined
  /** Pyrogram's strings hold both; the session's own come first. */
  apiId?: number | undefined
  userId?: bigint | undefined
  /** Fires with a `Stop` as its reason. */
  stop: AbortSignal
  /** False for a signal that the command gets without us: from the host, or from the terminal. */
  forwards: (signal: NodeJS.Signals) => boolean
  /** Milliseconds between the stop and the host's SIGKILL; the command gets 60 % of them, the last save 25 %. */
  shutdownMs: number
  /** Give up after waiting this long for a session and the lease; without it `run` waits forever. */
  maxWaitMs?: number | undefined
  /** The store's last trouble, if it had any: better than "did not answer". */
  lastTrouble?: (() => TgsessionError | undefined) | undefined
  report: Report
  /** Never called while the command runs, whose terminal it is then. */
  showProgress?: ShowProgress | undefined
  clock: Clock
  /** How soon changes are saved, in milliseconds: see Saver. */
  quietMs?: number | undefined
  maxMs?: number | undefined
}

export const showNothing: ShowProgress = (_, work) => work(() => undefined)

/** The stop, once it has fired. */
export function stopOf({ stop }: RunOptions): Stop {
  return stop.reason instanceof Stop ? stop.reason : new Stop('SIGTERM')
}
