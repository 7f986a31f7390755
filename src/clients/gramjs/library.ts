/* oxlint-disable no-underscore-dangle -- the name is GramJS's */
import { Api } from 'telegram'
import updates from 'telegram/client/updates.js'
import rsa from 'telegram/crypto/RSA.js'
import { UpdateConnectionState } from 'telegram/network/index.js'
import { rsaKey } from '../../telegram/client/rsa-key.ts'
import type { ClientLibrary } from '../../telegram/client/internals.ts'

export const gramJs: ClientLibrary = { Api, UpdateConnectionState, updates }

/**
 * Lets GramJS accept a server that owns this RSA key besides Telegram's own: a test data centre, or fake-dc.
 * Holds for every client of the process. Returns the key's fingerprint, a signed decimal number.
 * @throws ConfigurationError telegram.server_key: not a PEM of a 2048-bit public RSA key
 */
export function addServerKey(pem: string): string {
  const { fingerprint, numbers } = rsaKey(pem)
  rsa._serverKeys.set(fingerprint, numbers)
  return fingerprint
}
