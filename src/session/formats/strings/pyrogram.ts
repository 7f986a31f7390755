import {
  badSession,
  checkDc,
  checkFlag,
  dcByte,
  isTest,
  keyOf,
  refuseOtherAddress,
  required,
} from '../checks.ts'
import { knownAddress } from '../data-centres.ts'
import { portable, type PortableSession } from '../portable-session.ts'

const NAME = 'a Pyrogram string session'
/** `>BI?256sQ?` (today), `>B?256sQ?` (64-bit ids without the api_id), `>B?256sI?` (the oldest). */
const TODAY_BYTES = 271
const WIDE_BYTES = 267
const OLD_BYTES = 263
const LENGTHS: readonly number[] = [TODAY_BYTES, WIDE_BYTES, OLD_BYTES]

/**
 * Pyrogram's (and Kurigram's) session string: urlsafe base64 without padding of dc (u8), api_id (u32 BE), test (bool),
 * key, user id (u64 BE), bot (bool). No address: it follows from the data centre.
 * Source: pyrogram/storage/storage.py.
 */
export const pyrogramString = {
  name: NAME,

  fits: (bytes: Buffer, prefixed: boolean): boolean => !prefixed && LENGTHS.includes(bytes.length),

  decode(bytes: Buffer): PortableSession {
    const hasApiId = bytes.length === TODAY_BYTES
    const test = hasApiId ? 5 : 1
    const key = test + 1
    const user = key + 256
    const dcId = checkDc(NAME, bytes.readUInt8(0))
    const testMode = checkFlag(NAME, bytes.readUInt8(test))
    const home = knownAddress(dcId, testMode)
    if (home === undefined) throw badSession(NAME, `there is no data centre ${dcId}`)
    const id = bytes.length === OLD_BYTES ? BigInt(bytes.readUInt32BE(user)) : bytes.readBigUInt64BE(user)
    if (id > BigInt(Number.MAX_SAFE_INTEGER)) throw badSession(NAME, 'its user id is none')
    return portable({
      ...home,
      testMode,
      authKey: Uint8Array.from(bytes.subarray(key, user)),
      apiId: (hasApiId && bytes.readUInt32BE(1)) || undefined,
      userId: id > 0n ? id : undefined,
      isBot: checkFlag(NAME, bytes.readUInt8(bytes.length - 1)),
    })
  },

  encode(session: PortableSession): string {
    const key = keyOf(session)
    const apiId = required(session.apiId, 'api_id', '--api-id', 'apiId')
    const userId = required(session.userId, 'user id', '--user-id', 'userId')
    refuseOtherAddress(session)
    const head = Buffer.alloc(6)
    head.writeUInt8(dcByte(session), 0)
    head.writeUInt32BE(apiId, 1)
    head.writeUInt8(Number(isTest(session)), 5)
    const tail = Buffer.alloc(9)
    tail.writeBigUInt64BE(userId, 0)
    tail.writeUInt8(Number(session.isBot ?? false), 8)
    return Buffer.concat([head, key, tail]).toString('base64url')
  },
}
