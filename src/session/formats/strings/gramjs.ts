import { addressOf, badSession, checkAddress, checkDc, checkPort, dcByte, keyOf } from '../checks.ts'
import { portable, type PortableSession } from '../portable-session.ts'

const NAME = 'a GramJS string session'
/** Everything but the address. */
const FIXED_BYTES = 261
/** A Telethon string with IPv4 has this length; as GramJS's its address would have two characters. */
const TELETHON_IPV4_BYTES = 263

/**
 * The StringSession of GramJS and teleproto: '1' and base64 of dc (u8), length (u16 BE) and ASCII of the address,
 * port (u16 BE), key. Both libraries read the port as signed; GramJS does not use it. Source: sessions/StringSession.
 */
export const gramjsString = {
  name: NAME,

  fits: (bytes: Buffer, prefixed: boolean): boolean =>
    prefixed &&
    bytes.length > FIXED_BYTES &&
    bytes.length !== TELETHON_IPV4_BYTES &&
    bytes.readUInt16BE(1) === bytes.length - FIXED_BYTES &&
    /^[\x21-\x7e]+$/.test(bytes.toString('latin1', 3, bytes.length - 258)),

  decode(bytes: Buffer): PortableSession {
    const port = bytes.length - 258
    return portable({
      dcId: checkDc(NAME, bytes.readUInt8(0)),
      serverAddress: checkAddress(NAME, bytes.toString('latin1', 3, port)),
      port: checkPort(NAME, bytes.readUInt16BE(port)),
      authKey: Uint8Array.from(bytes.subarray(port + 2)),
    })
  },

  encode(session: PortableSession): string {
    const key = keyOf(session)
    const home = addressOf(session, () => true)
    const address = Buffer.from(checkAddress('a session', home.serverAddress), 'latin1')
    if (address.length === TELETHON_IPV4_BYTES - FIXED_BYTES)
      throw badSession('a session', 'its server address is too short to be one')
    const numbers = Buffer.alloc(5)
    numbers.writeUInt8(dcByte(session), 0)
    numbers.writeUInt16BE(address.length, 1)
    numbers.writeUInt16BE(home.port, 3)
    const bytes = [numbers.subarray(0, 3), address, numbers.subarray(3), key]
    return `1${Buffer.concat(bytes).toString('base64')}`
  },
}
