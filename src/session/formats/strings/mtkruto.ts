import { checkDc, isTest, keyOf } from '../checks.ts'
import { knownAddress } from '../data-centres.ts'
import { portable, type PortableSession } from '../portable-session.ts'
import { tlBytes, TlReader } from './tl-bytes.ts'

const NAME = 'an MTKruto string session'
const HOME = /^(\d{1,3})(-test)?$/
const MOST_ZEROS = 250

/**
 * MTKruto's session string: urlsafe base64 without padding of a TL string (the data centre, "2" or "2-test") and TL bytes
 * (the key), with each run of zeros packed into a zero and its length. No address, no user.
 * Sources: MTKruto storage, @mtcute/convert mtkruto.
 */
export const mtkrutoString = {
  name: NAME,

  fits: (bytes: Buffer, prefixed: boolean): boolean => !prefixed && parse(bytes) !== undefined,

  decode(bytes: Buffer): PortableSession {
    const { dcId, testMode, authKey } = parse(bytes) ?? { dcId: 0, testMode: false, authKey: undefined }
    return portable({
      ...(knownAddress(checkDc(NAME, dcId), testMode) ?? { dcId }),
      testMode,
      authKey,
    })
  },

  encode(session: PortableSession): string {
    const home = `${session.dcId}${isTest(session) ? '-test' : ''}`
    return packed(Buffer.concat([tlBytes(Buffer.from(home)), tlBytes(keyOf(session))])).toString('base64url')
  },
}

/** Undefined where the fields do not fit together to the last byte. */
function parse(bytes: Buffer): { dcId: number; testMode: boolean; authKey: Uint8Array } | undefined {
  // A TL string of one, three or six to eight characters: no other format is taken apart for nothing.
  if (![1, 2, 3, 6, 7, 8].includes(bytes[0] ?? 0)) return undefined
  try {
    const reader = new TlReader(unpacked(bytes))
    const [, dc, test] = HOME.exec(reader.string()) ?? []
    const authKey = Uint8Array.from(reader.bytes())
    if (dc === undefined || authKey.length !== 256 || !reader.atEnd) return undefined
    return { dcId: Number(dc), testMode: test !== undefined, authKey }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function unpacked(bytes: Buffer): Buffer {
  const plain: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte !== 0) plain.push(byte)
    else plain.push(...Array<number>(bytes[++at] ?? 0).fill(0))
  }
  return Buffer.from(plain)
}

function packed(bytes: Buffer): Buffer {
  const out: number[] = []
  for (let at = 0; at < bytes.length;) {
    let zeros = 0
    while (zeros < MOST_ZEROS && at + zeros < bytes.length && bytes[at + zeros] === 0) zeros++
    if (zeros > 0) out.push(0, zeros)
    else out.push(bytes[at] ?? 0)
    at += Math.max(zeros, 1)
  }
  return Buffer.from(out)
}
