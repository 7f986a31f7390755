import { isIPv6 } from 'node:net'
import { addressOf, badSession, checkAddress, checkDc, checkPort, dcByte, isTest, keyOf } from '../checks.ts'
import { type DcAddress, portable, type PortableSession } from '../portable-session.ts'
import { tlBytes, tlInt53, TlReader, tlUint } from './tl-bytes.ts'

const NAME = 'an mtcute string session'
/** Longer than any of Pyrogram's, whose first byte can be the same. */
const MIN_BYTES = 272
const MAX_BYTES = 1000
const HAS_SELF = 1
const TEST_BEFORE_DC_FLAG = 2
const HAS_MEDIA = 4
const TRUE = 0x997275b5
const FALSE = 0xbc799737
/** `dcOption#18b7a10d`, which versions 1 and 2 hold in place of the compact form. */
const DC_OPTION = 0x18b7a10d
const DC_OPTION_SECRET = 1 << 10

interface DcOption extends DcAddress {
  testMode: boolean
}

/**
 * mtcute's session string: urlsafe base64 without padding of version (u8), flags, main data centre, data centre for
 * files (flag 4), user id and bot (flag 1), key. Versions 1 to 3 are read, 3 is written.
 * Sources: @mtcute/core highlevel/utils/string-session, utils/dcs, and their history up to 2024-12.
 */
export const mtcuteString = {
  name: NAME,

  fits: (bytes: Buffer, prefixed: boolean): boolean =>
    !prefixed && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES && [1, 2, 3].includes(bytes[0] ?? 0),

  decode(bytes: Buffer): PortableSession {
    try {
      return parse(bytes)
    } catch (error) {
      if (error instanceof RangeError) throw badSession(NAME, 'it ends too early')
      throw error
    }
  },

  encode(session: PortableSession): string {
    const key = keyOf(session)
    dcByte(session)
    const main = addressOf(session, () => true)
    const { mediaDc, userId } = session
    const flags = (userId === undefined ? 0 : HAS_SELF) | (mediaDc === undefined ? 0 : HAS_MEDIA)
    const bytes = [Buffer.of(3), tlUint(flags), tlBytes(dcBlob(main, isTest(session), false))]
    if (mediaDc !== undefined) bytes.push(tlBytes(dcBlob(mediaDc, isTest(session), true)))
    if (userId !== undefined) bytes.push(tlInt53(userId), tlUint(session.isBot ? TRUE : FALSE))
    return Buffer.concat([...bytes, tlBytes(key)]).toString('base64url')
  },
}

/** A data centre in mtcute's compact form, which its SQLite files hold too. Throws `RangeError` if it is cut short. */
export function parseDcBlob(blob: Uint8Array): DcOption {
  const reader = new TlReader(blob)
  const version = reader.byte()
  if (version !== 1 && version !== 2) throw badSession(NAME, 'its data centre is of an unknown kind')
  const dcId = reader.byte()
  const flags = reader.byte()
  return checked(dcId, reader.string(), reader.uint(), version === 2 && (flags & 4) !== 0)
}

function parse(bytes: Buffer): PortableSession {
  const version = bytes.readUInt8(0)
  const reader = new TlReader(bytes, 1)
  const flags = reader.uint()
  const readDc = (): DcOption => (version === 3 ? parseDcBlob(reader.bytes()) : parseDcOption(reader))
  const main = readDc()
  // Strings of version 2 made before November 2023 hold the second data centre without the flag for it.
  const hasMedia = (flags & HAS_MEDIA) !== 0 || (version === 2 && reader.peek() === DC_OPTION)
  const media = hasMedia ? readDc() : undefined
  const self = (flags & HAS_SELF) === 0 ? undefined : { userId: reader.int53(), isBot: parseBool(reader) }
  const authKey = Uint8Array.from(reader.bytes())
  if (authKey.length !== 256) throw badSession(NAME, `its key has ${authKey.length} bytes, not 256`)
  if (!reader.atEnd) throw badSession(NAME, 'something stands after its end')
  if (self !== undefined && (self.userId <= 0n || self.userId > BigInt(Number.MAX_SAFE_INTEGER)))
    throw badSession(NAME, 'its user id is none')
  const { testMode, ...home } = main
  return portable({
    ...home,
    ...self,
    authKey,
    testMode: testMode || (flags & TEST_BEFORE_DC_FLAG) !== 0,
    mediaDc: media && { dcId: media.dcId, serverAddress: media.serverAddress, port: media.port },
  })
}

function parseDcOption(reader: TlReader): DcOption {
  if (reader.uint() !== DC_OPTION) throw badSession(NAME, 'its data centre is of an unknown kind')
  const flags = reader.uint()
  const option = checked(reader.uint(), reader.string(), reader.uint(), false)
  if ((flags & DC_OPTION_SECRET) !== 0) reader.bytes()
  return option
}

function parseBool(reader: TlReader): boolean {
  const value = reader.uint()
  if (value === TRUE || value === FALSE) return value === TRUE
  throw badSession(NAME, 'one of its flags is neither yes nor no')
}

function checked(dcId: number, address: string, port: number, testMode: boolean): DcOption {
  checkDc(NAME, dcId)
  return { dcId, serverAddress: checkAddress(NAME, address), port: checkPort(NAME, port), testMode }
}

/** The same in version 2, as `parseDcBlob` reads it. */
export function dcBlob(
  { dcId, serverAddress, port }: DcAddress,
  testMode: boolean,
  mediaOnly: boolean,
): Buffer {
  const flags = Number(isIPv6(serverAddress)) | (mediaOnly ? 2 : 0) | (testMode ? 4 : 0)
  return Buffer.concat([Buffer.of(2, dcId, flags), tlBytes(Buffer.from(serverAddress)), tlUint(port)])
}
