import { createPublicKey } from 'node:crypto'
import bigInt from 'big-integer'
import { Api, TelegramClient } from 'teleproto'
import { _serverKeys } from 'teleproto/crypto/RSA.js'
import { LogLevel, Logger } from 'teleproto/extensions/Logger.js'
import { ConnectionTCPFull } from 'teleproto/network/index.js'
import { StringSession } from 'teleproto/sessions/index.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { fingerprintOf } from './fingerprint.ts'
import { API_HASH, API_ID } from './gramjs.ts'

/**
 * A teleproto client that talks to `dc`. It would honour the address of its session, but its StringSession
 * cannot save a port above 32767, so the connection knows better, as with GramJS.
 */
export function teleproto(dc: FakeDc, session: StringSession = new StringSession('')): TelegramClient {
  const { n = '' } = createPublicKey(dc.publicKeyPem).export({ format: 'jwk' })
  const modulus = bigInt(Buffer.from(n, 'base64url').toString('hex'), 16)
  _serverKeys.set(fingerprintOf(dc.publicKeyPem).toString(), { n: modulus, e: 65537 })
  if (!session.serverAddress) session.setDC(dc.dcId, dc.host, 443)
  class ToFakeDc extends ConnectionTCPFull {
    constructor(options: ConstructorParameters<typeof ConnectionTCPFull>[0]) {
      super({ ...options, ip: dc.host, port: dc.port })
    }
  }
  return new TelegramClient(session, API_ID, API_HASH, {
    connection: ToFakeDc,
    baseLogger: new Logger(LogLevel.NONE),
    connectionRetries: 5,
    retryDelay: 50,
    floodSleepThreshold: 0,
  })
}

export { Api, StringSession }
