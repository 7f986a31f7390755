import { createPublicKey } from 'node:crypto'
import bigInt from 'big-integer'
import { Api, TelegramClient } from 'telegram'
import { _serverKeys } from 'telegram/crypto/RSA.js'
import { LogLevel, Logger } from 'telegram/extensions/Logger.js'
import { ConnectionTCPFull } from 'telegram/network/index.js'
import { StringSession } from 'telegram/sessions/index.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { fingerprintOf } from './fingerprint.ts'

export const API_ID = 12345
export const API_HASH = '0123456789abcdef0123456789abcdef'

/** GramJS looks RSA keys up by their signed fingerprint. */
function trust({ publicKeyPem }: FakeDc): void {
  const { n = '' } = createPublicKey(publicKeyPem).export({ format: 'jwk' })
  const modulus = bigInt(Buffer.from(n, 'base64url').toString('hex'), 16)
  _serverKeys.set(fingerprintOf(publicKeyPem).toString(), { n: modulus, e: 65537 })
}

/** A GramJS client that talks to `dc`, whatever its session says (GramJS ignores the port of a session). */
export function gramjs(dc: FakeDc, session: StringSession = new StringSession('')): TelegramClient {
  trust(dc)
  if (!session.serverAddress) session.setDC(dc.dcId, dc.host, 443)
  class ToFakeDc extends ConnectionTCPFull {
    constructor(options: ConstructorParameters<typeof ConnectionTCPFull>[0]) {
      super({ ...options, ip: dc.host, port: dc.port })
    }
  }
  return new TelegramClient(session, API_ID, API_HASH, {
    connection: ToFakeDc,
    baseLogger: new Logger(LogLevel.NONE),
    // One exchange in 256 makes a key with a leading zero, which GramJS drops: it then tries again.
    connectionRetries: 5,
    retryDelay: 50,
    floodSleepThreshold: 0,
  })
}

export { Api, StringSession }
