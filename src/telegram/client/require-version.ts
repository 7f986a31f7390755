import { UnsupportedError } from '../../base/errors.ts'

/**
 * Private parts of the client libraries change between minor releases, so that another one may lose a session.
 * @throws UnsupportedError `client.unsupported_version`
 */
export function requireVersion(library: string, found: string, known: string): void {
  if (found === known || found.startsWith(`${known}.`)) return
  const message = `${library} ${found} is installed; ${known}.x is known to work`
  throw new UnsupportedError('client.unsupported_version', message, {
    hint: `npm install ${library}@~${known}`,
  })
}
