import type { Credential } from 'firebase-admin/app'
import { systemClock, withDeadline } from '../../base/clock.ts'
import {
  ConfigurationError,
  ForbiddenError,
  safeCause,
  TgsessionError,
  UnreachableError,
} from '../../base/errors.ts'
import type { FirebaseServiceAccount } from './access.ts'

/** Long enough for Google's own retries, and for finding out that there is no metadata server. */
const DEADLINE_MS = 20_000

/**
 * Gives access tokens for one identity. `firebase-admin` signs, asks and remembers them; it is loaded at the first one.
 * Without a service account it looks for application default credentials: the file that GOOGLE_APPLICATION_CREDENTIALS
 * names, that of gcloud, or the metadata server of Google's own hosts.
 */
export class FirebaseToken {
  readonly #label: string
  readonly #account: FirebaseServiceAccount | undefined
  #credential: Promise<Credential> | undefined

  constructor(label: string, account: FirebaseServiceAccount | undefined) {
    this.#label = label
    this.#account = account
  }

  /**
   * Throws `ConfigurationError` (`store.no_credentials`, `store.bad_credentials`, `store.bad_setup`), ForbiddenError or
   * UnreachableError. What the SDK says is never passed on: it quotes what it could not read.
   */
  async get(signal?: AbortSignal): Promise<string> {
    const credential = await (this.#credential ??= this.#load())
    const late = (): Error => this.#unreachable(new Error('TimeoutError'))
    try {
      const work = async (): Promise<string> =>
        (await quietly(() => credential.getAccessToken())).access_token
      return await withDeadline(systemClock, DEADLINE_MS, late, work, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#error(error)
    }
  }

  async #load(): Promise<Credential> {
    try {
      const { applicationDefault, cert } = await import('firebase-admin/app')
      return this.#account === undefined ? applicationDefault() : cert({ ...this.#account })
    } catch (error) {
      this.#credential = undefined
      throw new ConfigurationError('store.bad_setup', `${this.#label}: firebase-admin could not be set up`, {
        hint: 'Check the credentials, and that firebase-admin is installed.',
        cause: safeCause(error),
      })
    }
  }

  #error(error: unknown): TgsessionError {
    if (error instanceof TgsessionError) return error
    const status = error instanceof Error && 'status' in error ? Number(error.status) : Number.NaN
    if (status >= 400 && status < 500 && status !== 408 && status !== 429)
      return new ForbiddenError(
        'store.forbidden',
        `${this.#label}: Google gives no token for these credentials (${status})`,
        {
          hint: 'The key may have been deleted or the account disabled: make a new one in the Firebase console. A wrong clock on this machine does the same.',
          cause: safeCause(error),
        },
      )
    const text = error instanceof Error ? error.message : ''
    if (text.includes('Could not load the default credentials'))
      return new ConfigurationError('store.no_credentials', `${this.#label}: no credentials were found`, {
        hint: 'Set FIREBASE_SERVICE_ACCOUNT to the JSON of a service account (or base64 of it), or GOOGLE_APPLICATION_CREDENTIALS to the path of that file.',
      })
    if (this.#account === undefined && !isNetwork(error))
      return new ConfigurationError(
        'store.bad_credentials',
        `${this.#label}: the application default credentials cannot be used`,
        {
          hint: 'Check that the file named by GOOGLE_APPLICATION_CREDENTIALS is there, can be read, and is whole.',
          cause: safeCause(error),
        },
      )
    return this.#unreachable(error)
  }

  #unreachable(error: unknown): UnreachableError {
    const cause = safeCause(error)
    return new UnreachableError(
      'store.unreachable',
      `${this.#label}: no token from Google (${cause.message})`,
      {
        hint: 'Check the network, HTTPS_PROXY, and the status of Google Cloud.',
        cause,
      },
    )
  }
}

/** An answer of the server's, or a code of the network's. */
function isNetwork(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('status' in error && typeof error.status === 'number') return true
  return 'code' in error && /^E(?!NOENT|ACCES|ISDIR|RR_)[A-Z_]+$/.test(String(error.code))
}

/**
 * firebase-admin calls what its own library calls deprecated, and that prints so to the user's stderr. It does it before
 * its first wait, so that nobody else's warning can fall into the gap.
 */
function quietly<T>(start: () => T): T {
  const { warn } = console
  // oxlint-disable-next-line no-console -- silenced, not used
  console.warn = () => {}
  try {
    return start()
  } finally {
    // oxlint-disable-next-line no-console -- given back
    console.warn = warn
  }
}
