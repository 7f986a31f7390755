import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encodeSessionString } from '../../src/session/formats/strings/session-string.ts'
import { portable } from '../../src/session/formats/portable-session.ts'
import { makeMtcuteFile } from '../fixtures/session/foreign/mtcute-file.ts'
import { oldMtcuteStrings } from '../fixtures/session/foreign/mtcute-strings.ts'
import { PYROGRAM, pyrogramStrings } from '../fixtures/session/foreign/pyrogram.ts'
import { database, KEY, OTHER_KEY, SCHEMAS } from '../fixtures/session/schemas.ts'

/** Both keys are in them: what must never be said. */
const WHOLE = portable({
  dcId: 2,
  serverAddress: '149.154.167.50',
  port: 443,
  authKey: KEY,
  apiId: 12_345,
  userId: 777n,
  isBot: false,
})

/** An SQLite file of every schema that is read. */
export async function files(): Promise<Uint8Array[]> {
  const schemas = [...Object.values(SCHEMAS), ...Object.values(PYROGRAM)]
  const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-fuzz-'))
  try {
    const file = path.join(folder, 'mtcute.db')
    await makeMtcuteFile(file, encodeSessionString('mtcute', WHOLE), OTHER_KEY)
    const made = await Promise.all(schemas.map(async ({ sql }) => await database(sql)))
    return [...made, new Uint8Array(await readFile(file))]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A string of every layout that is read. */
export function strings(): string[] {
  const ipv6 = { ...WHOLE, serverAddress: '2001:67c:4e8:f002::a' }
  const ours = (['telethon', 'gramjs', 'pyrogram', 'mtcute'] as const).flatMap((format) => [
    encodeSessionString(format, WHOLE),
    encodeSessionString(format, ipv6),
  ])
  return [...ours, ...Object.values(pyrogramStrings()), ...oldMtcuteStrings().map(({ text }) => text)]
}

/** The files of a StoreSession folder, as teleproto writes them. */
export function storeFolder(): Record<string, string> {
  const values = {
    authKey: asJson(KEY),
    dcId: 2,
    port: 443,
    serverAddress: '149.154.167.50',
    testServers: false,
    dcAuthKeys: { 4: asJson(OTHER_KEY) },
    777: ['777', '-7926531234567890123', 'durov', '15551234', 'Pavel', '1700000000000'],
    '-1005': ['-1005', '7', null, null, 'News', '1700000000000'],
  }
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`anon%3A${name}`, JSON.stringify(value)]),
  )
}

/** A Buffer in JSON. */
function asJson(bytes: Uint8Array): object {
  return { type: 'Buffer', data: [...bytes] }
}

/** What would betray a key, in whatever way it is written. */
export function traces(): string[] {
  const written = [KEY, OTHER_KEY].flatMap((key) => {
    const bytes = Buffer.from(key.subarray(32, 64))
    const shifted = [0, 1, 2].map((at) => bytes.subarray(at).toString('base64').slice(0, 16))
    return [...shifted, bytes.toString('hex').slice(0, 16), [...bytes.subarray(0, 6)].join(',')]
  })
  const latin1 = [KEY, OTHER_KEY].map((key) => Buffer.from(key.subarray(0, 12)).toString('latin1'))
  return [...written, ...latin1, ...strings().map((text) => text.slice(100, 120))]
}
