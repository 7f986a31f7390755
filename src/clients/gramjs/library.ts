/* oxlint-disable no-underscore-dangle -- the name is GramJS's */
import { Api } from 'telegram'
import updates from 'telegram/client/updates.js'
import rsa from 'telegram/crypto/RSA.js'
import { UpdateConnectionState } from 'telegram/network/index.js'
import { version } from 'telegram/Version.js'
import { requireVersion } from '../../telegram/client/require-version.ts'
import { rsaKey } from '../../telegram/client/rsa-key.ts'
import type { ClientLibrary } from '../../telegram/client/internals.ts'

const gramJs: ClientLibrary = { Api, UpdateConnectionState, updates }

/**
 * The library, at its first use.
 * @throws UnsupportedError `client.unsupported_version`
 */
export function clientLibrary(): ClientLibrary {
  requireVersion('telegram', version, '2.26')
  return gramJs
}

/**
 * Lets GramJS accept a server that owns this RSA key besides Telegram's own: a test data centre, or `FakeDc`.
 * Holds for every client of the process. Returns the key's fingerprint, a signed decimal number.
 * @throws ConfigurationError telegram.server_key: not a PEM of a 2048-bit public RSA key
 *
 * @example
 * ```ts
 * import { FakeDc } from 'tgsession/testing'
 * import { addServerKey } from 'tgsession/gramjs'
 *
 * await using dc = await FakeDc.start()
 * addServerKey(dc.publicKeyPem)
 * ```
 */
export function addServerKey(pem: string): string {
  const { fingerprint, numbers } = rsaKey(pem)
  rsa._serverKeys.set(fingerprint, numbers)
  return fingerprint
}
