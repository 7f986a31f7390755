import { createPrivateKey } from 'node:crypto'
import { ConfigurationError } from '../../base/errors.ts'
import type { ReadVariable } from '../http/access.ts'

export interface FirebaseServiceAccount {
  projectId: string
  clientEmail: string
  /** PEM. A secret. */
  privateKey: string
}

/** How to get in. Without either, Google's application default credentials are looked for by the SDK. */
export interface FirebaseAccess {
  serviceAccount?: FirebaseServiceAccount
  /** `http://host:port` of an emulator, which is sent no credentials. */
  emulator?: string
}

const ACCOUNT = 'FIREBASE_SERVICE_ACCOUNT'
const PARTS = ['FIREBASE_PROJECT_ID', 'FIREBASE_CLIENT_EMAIL', 'FIREBASE_PRIVATE_KEY'] as const

/**
 * From STORAGE_EMULATOR_HOST or FIREBASE_STORAGE_EMULATOR_HOST; else from FIREBASE_SERVICE_ACCOUNT (JSON or base64 of
 * it); else from FIREBASE_PROJECT_ID, _CLIENT_EMAIL and _PRIVATE_KEY. Throws `ConfigurationError`:
 * `store.bad_emulator`, `store.bad_credentials`, `store.incomplete_credentials`; none repeats a value.
 */
export function readFirebaseAccess(read: ReadVariable): FirebaseAccess {
  const emulator = readEmulator(read)
  if (emulator !== undefined) return { emulator }
  const text = read(ACCOUNT)
  if (text !== undefined) return { serviceAccount: parseServiceAccount(text) }
  const [projectId, clientEmail, privateKey] = PARTS.map((name) => read(name))
  // A project id alone says nothing: many programs have one.
  if (clientEmail === undefined && privateKey === undefined) return defaultCredentials(read)
  if (projectId === undefined || clientEmail === undefined || privateKey === undefined)
    throw new ConfigurationError(
      'store.incomplete_credentials',
      `of ${PARTS.join(', ')} not all are set: ${PARTS.filter((name) => read(name) === undefined).join(', ')} missing`,
      { hint: `Set all three, or put the whole JSON of the service account into ${ACCOUNT}.` },
    )
  return { serviceAccount: { projectId, clientEmail, privateKey: mendKey(privateKey, PARTS[2]) } }
}

/** The SDK reads GOOGLE_APPLICATION_CREDENTIALS itself, and would repeat in an error what is no path. */
function defaultCredentials(read: ReadVariable): FirebaseAccess {
  if (/^\s*\{/.test(read('GOOGLE_APPLICATION_CREDENTIALS') ?? ''))
    throw bad(
      'GOOGLE_APPLICATION_CREDENTIALS holds the credentials themselves, but is for the path of a file',
      `Move its value to ${ACCOUNT}.`,
    )
  return {}
}

function parseServiceAccount(text: string): FirebaseServiceAccount {
  const json = text.startsWith('{') ? text : Buffer.from(text, 'base64').toString()
  if (!json.trimStart().startsWith('{'))
    throw bad(
      `${ACCOUNT} is neither the JSON of a service account nor base64 of it`,
      /^[./~]|\.json$|^[a-z]:\\/i.test(text)
        ? 'It looks like a path: set GOOGLE_APPLICATION_CREDENTIALS to that instead.'
        : `Make one line of the file: ${ACCOUNT}=$(base64 -w0 service-account.json)`,
    )
  const account = parseJson(json)
  if ('type' in account && account['type'] !== 'service_account')
    throw bad(
      `${ACCOUNT} is not the JSON of a service account`,
      'Firebase console, Project settings, Service accounts, "Generate new private key" makes one. Other kinds of credentials go into a file named by GOOGLE_APPLICATION_CREDENTIALS.',
    )
  return {
    projectId: field(account, 'project_id', 'projectId'),
    clientEmail: field(account, 'client_email', 'clientEmail'),
    privateKey: mendKey(field(account, 'private_key', 'privateKey'), ACCOUNT),
  }
}

function parseJson(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    return { ...(typeof value === 'object' ? value : null) }
  } catch {
    // Without its cause, which quotes what it could not read.
    throw bad(
      `${ACCOUNT} is not whole: its JSON cannot be read`,
      `Shells and .env files mangle quotes and #; base64 survives: ${ACCOUNT}=$(base64 -w0 service-account.json)`,
    )
  }
}

function field(account: Record<string, unknown>, ...names: string[]): string {
  const value = names.map((name) => account[name]).find((one) => typeof one === 'string' && one !== '')
  if (typeof value === 'string') return value
  throw bad(`${ACCOUNT} has no "${names[0]}"`, 'Copy the whole file that the Firebase console made.')
}

/** Hosts and shells like to turn the line ends of the key into a backslash and an n, and to leave quotes around it. */
function mendKey(text: string, variable: string): string {
  const key = text
    .replace(/^(["'])(.*)\1$/s, '$2')
    .replaceAll('\\r', '')
    .replaceAll('\\n', '\n')
  try {
    createPrivateKey(key)
    return key
  } catch {
    throw bad(
      `the private key in ${variable} cannot be read`,
      'Copy it whole, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, with its line ends as they are or as \\n.',
    )
  }
}

function readEmulator(read: ReadVariable): string | undefined {
  const google = read('STORAGE_EMULATOR_HOST')
  const firebase = read('FIREBASE_STORAGE_EMULATOR_HOST')
  if (google !== undefined) return origin('STORAGE_EMULATOR_HOST', google, 'http://127.0.0.1:9199')
  if (firebase === undefined) return undefined
  // As in the SDKs of Firebase: there with the protocol, here without.
  if (firebase.includes('/')) throw badEmulator('FIREBASE_STORAGE_EMULATOR_HOST', '127.0.0.1:9199')
  return origin('FIREBASE_STORAGE_EMULATOR_HOST', `http://${firebase}`, '127.0.0.1:9199')
}

function origin(variable: string, text: string, example: string): string {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '')
    throw badEmulator(variable, example)
  return url.href.replace(/\/+$/, '')
}

function badEmulator(variable: string, example: string): ConfigurationError {
  return new ConfigurationError('store.bad_emulator', `${variable} is not the address of an emulator`, {
    hint: `Write it like ${variable}=${example}, or unset it to use the real service.`,
  })
}

function bad(message: string, hint: string): ConfigurationError {
  return new ConfigurationError('store.bad_credentials', message, { hint })
}
