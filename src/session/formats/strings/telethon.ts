import { checkDc, checkPort, addressOf, dcByte, keyOf } from '../checks.ts'
import { ipBytes, ipText } from './ip.ts'
import { portable, type PortableSession } from '../portable-session.ts'

const NAME = 'a Telethon string session'
const IPV4_BYTES = 263
const IPV6_BYTES = 275

/**
 * Telethon's StringSession: '1' and urlsafe base64 of dc (u8), IP (4 or 16 bytes), port (u16 BE), key.
 * Source: telethon/sessions/string.py.
 */
export const telethonString = {
  name: NAME,

  fits: (bytes: Buffer, prefixed: boolean): boolean =>
    prefixed && (bytes.length === IPV4_BYTES || bytes.length === IPV6_BYTES),

  decode(bytes: Buffer): PortableSession {
    const port = bytes.length - 258
    return portable({
      dcId: checkDc(NAME, bytes.readUInt8(0)),
      serverAddress: ipText(bytes.subarray(1, port)),
      port: checkPort(NAME, bytes.readUInt16BE(port)),
      authKey: Uint8Array.from(bytes.subarray(port + 2)),
    })
  },

  /** Where the session names a host, its data centre's known address is written: the format holds only numbers. */
  encode(session: PortableSession): string {
    const key = keyOf(session)
    const home = addressOf(session, (address) => ipBytes(address) !== undefined)
    const port = Buffer.alloc(2)
    port.writeUInt16BE(home.port)
    const bytes = [Buffer.of(dcByte(session)), ipBytes(home.serverAddress) ?? Buffer.alloc(4), port, key]
    // Python's decoder wants the padding, which Node leaves out with this alphabet.
    return `1${Buffer.concat(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`
  },
}
