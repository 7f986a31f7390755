import { secretKind, undressToken } from '../base/input.ts'
import { recogniseString } from '../session/formats/strings/session-string.ts'
import type { Host } from './host.ts'
import type { Platform } from './platform.ts'

/** A session string beside the program, to be stored once. */
export interface ImportSource {
  /** A secret. */
  text: string
  /** Where it lies: the variables that the command must not see. */
  variables: readonly string[]
  /** Milliseconds that the instance from which it came may live on, and use it, without a lease. */
  waitMs: number
}

/** Old and new overlap there: Render ends the old one a minute after the new one is up, and then leaves it 30 s. */
const RENDER_MS = 120_000
const OVERLAP_MS = 90_000

/** What TGSESSION_IMPORT holds, or the variable that it names. */
export function readImport(
  env: Readonly<Record<string, string | undefined>>,
  host: Pick<Host, 'isManaged'>,
  platform: Platform | null,
  wantedMs: number | undefined,
): ImportSource | undefined {
  const given = env['TGSESSION_IMPORT']
  if (given === undefined) return undefined
  const name = undressToken(given)
  const named = recogniseString(given) === undefined && Object.hasOwn(env, name) ? env[name] : undefined
  // A PATH that is named by mistake is no secret.
  const isSecret = named !== undefined && (recogniseString(named) ?? secretKind(named)) !== undefined
  const overlapMs = platform?.name === 'Render' ? RENDER_MS : host.isManaged ? OVERLAP_MS : 0
  return {
    text: named ?? given,
    variables: ['TGSESSION_IMPORT', ...(isSecret ? [name] : [])],
    waitMs: wantedMs ?? overlapMs,
  }
}
