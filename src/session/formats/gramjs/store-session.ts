import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../../../base/file-errors.ts'
import { markedId } from '../../core/marked-id.ts'
import { bad } from '../../sqlite/file.ts'
import type { Entity } from '../../core/storage.ts'
import { checkAddress } from '../checks.ts'
import { portable, type PortableSession } from '../portable-session.ts'
import { phoneValue } from '../row-values.ts'

const NAME = 'a GramJS StoreSession'
/** A field that is a peer's marked id. A damaged one costs that peer only: it is met again. */
const PEER = /^-?\d+$/
const BROKEN = Symbol('not JSON')

/**
 * A folder of GramJS's or teleproto's StoreSession: one JSON file per value, named by the percent-encoded
 * `<name>:<field>`; peers are `<name>:<id>`. Source: sessions/StoreSession, node-localstorage.
 *
 * @throws BadDataError `session.is_directory` for any other folder, `session.bad_store`
 * @throws NoSessionError, ForbiddenError if there is no such folder, or it may not be read
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import { convertToFile, readStoreSession } from 'tgsession'
 *
 * const session = await readStoreSession('./gramjs-session') // the folder of new StoreSession('gramjs-session')
 * await writeFile('converted.session', await convertToFile(session), { mode: 0o600 })
 * ```
 */
export async function readStoreSession(folder: string): Promise<PortableSession> {
  const { values, damaged } = await readValues(folder)
  const dcId = values.get('dcId')
  const { authKey, port, serverAddress, testServers, dcAuthKeys } = Object.fromEntries(values)
  if (!isWhole(dcId, 1, 10_000)) throw badStore('dcId')
  if (port !== undefined && !isWhole(port, 1, 65_535)) throw badStore('port')
  if (serverAddress !== undefined && typeof serverAddress !== 'string') throw badStore('serverAddress')
  const otherKeys = Object.entries(isObject(dcAuthKeys) ? dcAuthKeys : {}).flatMap(([dc, key]) => {
    const bytes = keyFrom(key, 'dcAuthKeys')
    return bytes === undefined || !/^\d{1,5}$/.test(dc) ? [] : [[Number(dc), bytes] as const]
  })
  return portable({
    dcId,
    port: port ?? 443,
    serverAddress: serverAddress === undefined ? undefined : checkAddress(NAME, serverAddress),
    authKey: keyFrom(authKey, 'authKey'),
    testMode: typeof testServers === 'boolean' ? testServers : undefined,
    otherKeys: new Map(otherKeys),
    entities: [...values].flatMap(([field, row]) => (PEER.test(field) ? (peerOf(row) ?? []) : [])),
    notes:
      damaged > 0 ? [`${damaged} ${damaged === 1 ? 'peer is' : 'peers are'} left out: damaged files`] : [],
  })
}

/** By field, without the session's name, which ends with a divider of the user's choice. */
async function readValues(folder: string): Promise<{ values: Map<string, unknown>; damaged: number }> {
  const files = await attempt(folder, () => readdir(folder))
  const names = new Map(
    files.flatMap((file) => (decoded(file) === undefined ? [] : [[decoded(file) ?? '', file]])),
  )
  const prefixes = [...names.keys()].flatMap((key) => (key.endsWith('dcId') ? [key.slice(0, -4)] : []))
  const [prefix] = prefixes
  if (prefix === undefined)
    throw bad(
      'is_directory',
      `${folder} is a folder, but none of a GramJS StoreSession`,
      'Name the .session file in it.',
    )
  if (prefixes.length > 1)
    throw bad('ambiguous', `${folder} holds several sessions`, 'Copy the files of one of them into a folder.')
  const values = new Map<string, unknown>()
  let damaged = 0
  for (const [key, file] of names) {
    if (!key.startsWith(prefix)) continue
    const json = await attempt(path.join(folder, file), () => readFile(path.join(folder, file), 'utf8'))
    const field = key.slice(prefix.length)
    const value = parse(json)
    if (value !== BROKEN) values.set(field, value)
    else if (PEER.test(field)) damaged++
    else throw badStore('JSON')
  }
  return { values, damaged }
}

function decoded(file: string): string | undefined {
  try {
    return decodeURIComponent(file)
  } catch {
    return undefined
  }
}

function parse(json: string): unknown {
  try {
    return json === 'undefined' || json === '' ? undefined : JSON.parse(json)
  } catch {
    return BROKEN
  }
}

/** A Buffer as JSON writes it. */
function keyFrom(value: unknown, field: string): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined
  const data = isObject(value) ? value['data'] : undefined
  if (!Array.isArray(data) || data.length !== 256 || !data.every((byte) => isWhole(byte, 0, 255)))
    throw badStore(field)
  return Uint8Array.from(data)
}

/** `[id, hash, username, phone, name]`, each a text; '' or null where there is none. */
function peerOf(row: unknown): Entity | undefined {
  if (!Array.isArray(row)) return undefined
  const [id, hash, username, phone, name]: unknown[] = row
  const marked = typeof id === 'string' && /^-?\d{1,18}$/.test(id) ? id : undefined
  const known =
    typeof hash === 'string' && /^-?\d{1,20}$/.test(hash) ? BigInt.asIntN(64, BigInt(hash)) : undefined
  if (marked === undefined || known === undefined) return undefined
  if (known === 0n && !marked.startsWith('-')) return undefined
  return {
    id: ownMark(marked, known),
    hash: known,
    username: text(username)?.toLowerCase() ?? null,
    phone: phoneValue(text(phone)),
    name: text(name),
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** GramJS writes '-100' before a channel's id, however long that is; a basic group shows by having no hash. */
function ownMark(marked: string, hash: bigint): bigint {
  const channel = hash === 0n ? null : /^-100(\d+)$/.exec(marked)
  return channel === null ? BigInt(marked) : markedId({ kind: 'channel', id: BigInt(channel[1] ?? 0) })
}

function isWhole(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function badStore(field: string): Error {
  return bad(
    'bad_store',
    `the ${field} in the folder is not what ${NAME} writes`,
    'Use a copy that is whole.',
  )
}

async function attempt<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw fileError('read', file, error)
  }
}
