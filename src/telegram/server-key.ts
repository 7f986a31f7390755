import { serverKeys } from './gramjs.ts'
import { rsaKey } from './rsa-key.ts'

/**
 * Lets GramJS accept a server that owns this RSA key besides Telegram's own: a test data centre, or fake-dc.
 * Holds for every client of the process. Returns the key's fingerprint, a signed decimal number.
 * @throws ConfigurationError telegram.server_key: not a PEM of a 2048-bit public RSA key
 */
export function addServerKey(pem: string): string {
  const { fingerprint, numbers } = rsaKey(pem)
  serverKeys.set(fingerprint, numbers)
  return fingerprint
}
