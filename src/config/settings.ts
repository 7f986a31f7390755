import * as z from 'zod/mini'
import { ConfigurationError, TgsessionError } from '../base/errors.ts'
import { undressToken, undressValue } from '../base/input.ts'
import { guardKey, parseKey, parseRecipient, recipientOf } from '../seal/key.ts'
import { locateStore, type StoreLocation } from '../store/locate.ts'
import { databaseLeftAlone } from '../store/hosted-databases.ts'
import { checkStoreUrl } from '../store/label.ts'
import { isPlainObjectUrl } from '../store/plain/plain-object-url.ts'
import { FAMILY_NAMES, type FamilyName } from '../session/formats/family.ts'
import { type Host, readHost } from './host.ts'
import { type ImportSource, readImport } from './import-source.ts'
import { type Platform, readPlatform } from './platform.ts'
import { sessionPath } from './session-path.ts'
import { durationMs, IMPORT_WAIT, LEASE_TTL, type Range, SAVE_AFTER, SHUTDOWN } from './duration.ts'

/** Environment variables, or anything of that shape: what a program wants to set itself. */
export type Environment = Record<string, string | undefined>

/**
 * What is in force, with every default filled in. `readSettings` makes it; docs/reference/configuration.md names the
 * variables.
 */
export interface Settings extends Host {
  /** @internal */
  store: StoreLocation | null
  /** @internal The SQL database that holds many sessions, where one is named. `url` may hold a password. */
  container: { url: string; tablePrefix: string } | undefined
  /** Which session of the store: TGSESSION_NAME. */
  name: string
  /** Whether what is stored is encrypted. */
  encryption: 'age' | 'none'
  /** @internal age identities that may decrypt; the first one's recipient encrypts. */
  identities: string[]
  /** @internal Tell the phone numbers of logins apart, and open nothing. */
  guardKeys: Uint8Array[]
  /** The age recipient (`age1…`) that is encrypted for. */
  recipient: string | undefined
  /** Where `run` places the session; undefined: a temporary folder of its own. */
  file: string | undefined
  /** Which kind of session file the command of `run` opens; undefined: as it is stored. */
  client: FamilyName | undefined
  /** Milliseconds without a renewal after which another may take the lease. */
  leaseTtlMs: number
  /** Bytes of the largest session file that is stored or restored. */
  maxBytes: number
  /** Milliseconds after the last change after which the session is saved; undefined: it depends on what a save uploads. */
  saveAfterMs: number | undefined
  /** The only account that may be stored or restored, decimal. */
  userId: string | undefined
  /** Of the application, from https://my.telegram.org. */
  apiId: number | undefined
  /** 32 hex digits, from the same place. */
  apiHash: string | undefined
  /** What opens the login page and the metrics; a secret. */
  webToken: string | undefined
  /** An https: address that is requested while all is well. Secret: any request counts as a sign of life. */
  heartbeat: string | undefined
  /** @internal A session to store if there is none yet. */
  importing: ImportSource | undefined
  /** Where the host wants to be answered. */
  port: number | undefined
  /** @internal The host, where it is one that is known. */
  platform: Platform | null
}

/** What a program cannot do without. One error lists everything that is missing. */
export interface Needs {
  /** TGSESSION_STORE, and the key if one is needed there. */
  store?: boolean
  /** @internal Instead of a store, which is not looked for then. */
  container?: boolean
  /** TELEGRAM_API_ID and TELEGRAM_API_HASH. */
  api?: boolean
}

const matching = (pattern: RegExp, message: string): z.ZodMiniString =>
  z.string().check(z.regex(pattern, message))
/** The same for what has no blanks: what came along with a copy of it is taken off first. */
const token = (pattern: RegExp, message: string): z.ZodMiniString =>
  z.string().check(z.overwrite(undressToken), z.regex(pattern, message))
const numeric = (pattern: RegExp, message: string): z.ZodMiniType<number> =>
  z.pipe(token(pattern, message), z.transform(Number))

function duration(range: Range, message: string): z.ZodMiniType<number> {
  const parse = z.transform((given: string, context) => {
    const ms = durationMs(given, range)
    if (ms !== undefined) return ms
    context.issues.push({ code: 'custom', message, input: given })
    return z.NEVER
  })
  return z.pipe(z.string(), parse)
}

const SIZES = [1, 512] as const

/** Bytes of a text such as `256MB` or `256`, which are mebibytes. */
function size(message: string): z.ZodMiniType<number> {
  const parse = z.transform((given: string, context) => {
    const megabytes = Number(/^(\d{1,4})\s*(?:MB|MiB)?$/i.exec(given.trim())?.[1])
    if (megabytes >= SIZES[0] && megabytes <= SIZES[1]) return megabytes * 1024 * 1024
    context.issues.push({ code: 'custom', message, input: given })
    return z.NEVER
  })
  return z.pipe(z.string(), parse)
}

/** Every variable: what it must look like, said without repeating what it holds. */
const VARIABLES = {
  TGSESSION_NAME: z.optional(
    matching(
      /^[a-z0-9][a-z0-9._-]{0,63}$/,
      'must be a short name such as main (a-z, 0-9, dot, dash, underscore; at most 64); a session itself never goes here',
    ),
  ),
  TGSESSION_CONTAINER: z.optional(z.string()),
  TGSESSION_TABLE_PREFIX: z.optional(
    matching(/^[A-Za-z_][A-Za-z0-9_]{0,29}$/, 'must be at most 30 letters, digits and underscores'),
  ),
  TGSESSION_ENCRYPTION: z.optional(z.enum(['age', 'none'], 'must be age or none')),
  TGSESSION_KEY: z.optional(z.string()),
  TGSESSION_KEY_PREVIOUS: z.optional(z.string()),
  TGSESSION_RECIPIENT: z.optional(z.string()),
  TGSESSION_FILE: z.optional(z.string()),
  TGSESSION_CLIENT: z.optional(z.enum(FAMILY_NAMES, `must be one of ${FAMILY_NAMES.join(', ')}`)),
  TGSESSION_IMPORT: z.optional(z.string()),
  TGSESSION_IMPORT_WAIT: z.optional(duration(IMPORT_WAIT, 'must be between 0s and 60m, such as 90s')),
  TGSESSION_LEASE_TTL: z.optional(duration(LEASE_TTL, 'must be between 2s and 60m, such as 45s')),
  TGSESSION_MAX_SIZE: z.optional(size('must be between 1MB and 512MB, such as 256MB')),
  TGSESSION_SAVE_AFTER: z.optional(duration(SAVE_AFTER, 'must be between 0.1s and 60m, such as 30s')),
  TGSESSION_SHUTDOWN: z.optional(duration(SHUTDOWN, 'must be between 0.1s and 60m, such as 25s')),
  TGSESSION_USER_ID: z.optional(token(/^\d{1,19}$/, 'must be a number, such as 777000')),
  TGSESSION_WEB_TOKEN: z.optional(
    token(
      /^[\x21-\x7e]{32,512}$/,
      'must have 32 characters or more, and no blanks; `openssl rand -hex 32` makes one',
    ),
  ),
  TGSESSION_HEARTBEAT: z.optional(
    matching(
      /^https:\/\/[\w.-]+(?::\d{1,5})?(?:\/[\x21-\x7e]*)?$/,
      'must be an https:// address, such as https://hc-ping.com/…',
    ),
  ),
  PORT: z.optional(numeric(/^\d{1,5}$/, 'must be a port, such as 8080')),
  TELEGRAM_API_ID: z.optional(
    numeric(/^[1-9]\d{0,9}$/, 'must be the number from my.telegram.org, such as 123456'),
  ),
  TELEGRAM_API_HASH: z.optional(token(/^[0-9a-f]{32}$/i, 'must be the 32 hex digits from my.telegram.org')),
} as const

const MISSING: Record<keyof Needs, [variable: string, example: string][]> = {
  store: [['TGSESSION_STORE', 's3://my-bucket/telegram, or file:./sessions to try things out']],
  container: [['TGSESSION_CONTAINER', 'postgres://user:password@host/database, or DATABASE_URL']],
  api: [
    ['TELEGRAM_API_ID', '123456 (yours is at https://my.telegram.org)'],
    ['TELEGRAM_API_HASH', '32 hex digits (at https://my.telegram.org)'],
  ],
}

/**
 * What is in force. Reads nothing but `environment`, and no `.env`.
 *
 * @throws ConfigurationError `config.invalid`, one for all problems: the variable, what it must look like, an example;
 *   never the value
 *
 * @example
 * ```ts
 * import 'dotenv/config'
 * import { readSettings } from 'tgsession'
 *
 * const { name, apiId, apiHash } = await readSettings(process.env, { store: true, api: true })
 * console.log(`the session ${name}, for the application ${apiId}`)
 * ```
 */
export async function readSettings(
  environment: Environment,
  needs: Needs & { api: true },
): Promise<Settings & { apiId: number; apiHash: string }>
export async function readSettings(environment: Environment, needs?: Needs): Promise<Settings>
export async function readSettings(environment: Environment, needs: Needs = {}): Promise<Settings> {
  const env = withAliases(environment)
  const problems: string[] = []
  const values = parseVariables(env, problems)
  const collect = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof TgsessionError)) throw error
      problems.push(`${error.message}. ${error.hint}`)
      return undefined
    }
  }

  const container = containerUrl(env)
  const located = needs.container ? null : collect(() => locateStore(env))
  const store = located ?? null
  if (needs.store && store !== null) collect(() => checkStoreUrl(store.url, store.source))
  const keys = (['TGSESSION_KEY', 'TGSESSION_KEY_PREVIOUS'] as const).flatMap((variable) => {
    const text = values[variable]
    return text === undefined ? [] : [collect(() => parseKey(text, variable))]
  })
  const identities = keys.filter((key) => key !== undefined)
  const recipients = identities.map(recipientOf)
  const given = values.TGSESSION_RECIPIENT
  const named = given === undefined ? undefined : collect(() => parseRecipient(given))
  // Nothing is ever written to a plain file, so that nothing there waits for a key.
  const local =
    store === null ? !needs.container : /^(file|memory):/.test(store.url) || isPlainObjectUrl(store.url)
  const keyless = keys.length === 0 && given === undefined
  const encryption = values.TGSESSION_ENCRYPTION ?? (keyless && local ? 'none' : 'age')
  if ((needs.store || needs.container) && encryption === 'age' && keyless)
    problems.push(
      'TGSESSION_KEY is missing: whoever reads the store would have the account. Make one with `tgsession keygen`, ' +
        'or set TGSESSION_ENCRYPTION=none',
    )
  if (named !== undefined && identities.length > 0 && !recipients.includes(named))
    problems.push(
      'TGSESSION_RECIPIENT belongs to another key than TGSESSION_KEY: what is saved here could not be opened here. ' +
        'Where TGSESSION_KEY is set, leave it out',
    )
  const file =
    values.TGSESSION_FILE === undefined ? undefined : collect(() => sessionPath(values.TGSESSION_FILE ?? ''))
  const leftAlone = [databaseLeftAlone(env)].filter((told) => told !== undefined)
  const isThere = { store: located !== null, container: container !== undefined }
  for (const need of ['store', 'container', 'api'] as const)
    for (const [variable, example] of needs[need] ? MISSING[need] : [])
      if (need === 'api' ? env[variable] === undefined : !isThere[need])
        problems.push(
          [
            `${variable} is missing; for example ${variable}=${example}`,
            ...(need === 'store' ? leftAlone : []),
          ].join('. '),
        )
  if (needs.store && !isThere.store && isThere.container)
    problems.push(
      'TGSESSION_CONTAINER is for list, import and export only. To keep one session in the same database, set ' +
        'TGSESSION_STORE to its address, and TGSESSION_NAME',
    )
  if (problems.length > 0) throw invalid(problems)

  const host = hostOf(env, values.TGSESSION_SHUTDOWN)
  const platform = readPlatform(env)
  return {
    store,
    container:
      container === undefined
        ? undefined
        : { url: container, tablePrefix: values.TGSESSION_TABLE_PREFIX ?? '' },
    name: values.TGSESSION_NAME ?? 'main',
    encryption,
    identities,
    guardKeys: identities.map(guardKey),
    recipient: named ?? recipients[0],
    file,
    client: values.TGSESSION_CLIENT,
    leaseTtlMs: values.TGSESSION_LEASE_TTL ?? 45_000,
    maxBytes: values.TGSESSION_MAX_SIZE ?? 256 * 1024 * 1024,
    saveAfterMs: values.TGSESSION_SAVE_AFTER,
    userId: values.TGSESSION_USER_ID,
    apiId: values.TELEGRAM_API_ID,
    apiHash: values.TELEGRAM_API_HASH,
    webToken: values.TGSESSION_WEB_TOKEN,
    heartbeat: values.TGSESSION_HEARTBEAT,
    importing: readImport(env, host, platform, values.TGSESSION_IMPORT_WAIT),
    port: values.PORT,
    platform,
    ...host,
  }
}

type Values = { [Key in keyof typeof VARIABLES]?: z.infer<(typeof VARIABLES)[Key]> }

function parseVariables(env: Environment, problems: string[]): Values {
  const parsed = z.object(VARIABLES).safeParse(env)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')} ${issue.message}`)
  // The others count all the same: one mistake must neither hide another nor make a variable look missing.
  const broken = new Set(parsed.error.issues.map((issue) => issue.path[0]))
  return parseVariables(
    Object.fromEntries(Object.entries(env).filter(([name]) => !broken.has(name))),
    problems,
  )
}

/** @internal What is wrong with one value, in the words of `readSettings`, to be shown while it is typed. */
export function settingProblem(variable: keyof typeof VARIABLES, text: string): string | undefined {
  const problems: string[] = []
  parseVariables({ [variable]: undressValue(text, variable) }, problems)
  return problems[0]?.slice(variable.length + 1)
}

/** `DATABASE_URL` stands for what that variable holds, as in TGSESSION_STORE. */
function containerUrl(env: Environment): string | undefined {
  const named = env['TGSESSION_CONTAINER']
  return named === 'DATABASE_URL' ? env['DATABASE_URL'] : named
}

/** Bots of today call them API_ID and API_HASH. An empty value counts as none: that is how hosts unset things. */
function withAliases(environment: Environment): Environment {
  const undressed = Object.entries(environment).map(
    ([name, value]) => [name, undressValue(value ?? '', name)] as const,
  )
  const env: Environment = Object.fromEntries(undressed.filter(([, value]) => value !== ''))
  return {
    ...env,
    TELEGRAM_API_ID: env['TELEGRAM_API_ID'] ?? env['API_ID'],
    TELEGRAM_API_HASH: env['TELEGRAM_API_HASH'] ?? env['API_HASH'],
  }
}

/** An explicit shutdown time means the user has taken care of it. */
function hostOf(env: Environment, shutdownMs: number | undefined): Host {
  const host = readHost(env)
  if (shutdownMs === undefined) return host
  const { warning: _, isGuess: __, ...seen } = host
  return { ...seen, shutdownMs }
}

function invalid(problems: string[]): ConfigurationError {
  const list = problems.map((problem) => `\n  - ${problem}`).join('')
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new ConfigurationError('config.invalid', `the configuration has ${count}:${list}`, {
    hint: 'Set them in the environment (heroku config:set NAME=…) or in .env; `tgsession config` shows what is in force.',
  })
}
