/* oxlint-disable no-underscore-dangle, typescript/no-unsafe-type-assertion -- the name is teleproto's, the types GramJS's */
import dispatch from 'teleproto/client/updates/dispatch.js'
import rsa from 'teleproto/crypto/RSA.js'
import { UpdateConnectionState } from 'teleproto/network/index.js'
import { Api } from 'teleproto/tl/index.js'
import { version } from 'teleproto/Version.js'
import { requireVersion } from '../../telegram/client/require-version.ts'
import { rsaKey } from '../../telegram/client/rsa-key.ts'
import type { ClientLibrary } from '../../telegram/client/internals.ts'

const teleproto = { Api, UpdateConnectionState, updates: dispatch } as unknown as ClientLibrary

/**
 * The library, at its first use.
 * @throws UnsupportedError `client.unsupported_version`
 */
export function clientLibrary(): ClientLibrary {
  requireVersion('teleproto', version, '1.229')
  return teleproto
}

/**
 * Lets teleproto accept a server that owns this RSA key besides Telegram's own: a test data centre, or `FakeDc`.
 * Holds for every client of the process. Returns the key's fingerprint, a signed decimal number.
 * @throws ConfigurationError telegram.server_key: not a PEM of a 2048-bit public RSA key
 *
 * @example
 * ```ts
 * import { FakeDc } from 'tgsession/testing'
 * import { addServerKey } from 'tgsession/teleproto'
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
