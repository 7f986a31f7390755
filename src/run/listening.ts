import type { Settings } from '../config/settings.ts'
import { ConfigurationError, UsageError } from '../base/errors.ts'
import { isLoopback, type ListenAddress, parseListenAddress } from '../http/address.ts'

export interface Listening {
  address: ListenAddress
  /** A person chose the host, and with it who can reach it. */
  hostGiven: boolean
  /** The host's router speaks HTTPS with the browser. */
  behindTls: boolean
}

const DEFAULT_PORT = 8080

/**
 * Where a server listens: what the flag says (`[HOST:]PORT`; true for a flag without a value), else `$PORT`. Hosts route
 * to 0.0.0.0; a machine of one's own keeps it to itself.
 * @throws UsageError http.address: it is no address
 */
export function listening(
  flag: string | true,
  { platform, port = DEFAULT_PORT }: Pick<Settings, 'platform' | 'port'>,
): Listening {
  const fallback = platform ? '0.0.0.0' : '127.0.0.1'
  const text = flag === true ? String(port) : flag
  const address = parseListenAddress(text, fallback)
  if (!address)
    throw new UsageError('http.address', 'this is not an address to listen on', {
      hint: 'Write a port, or a host and a port: 8080, 127.0.0.1:8080, [::1]:8080.',
    })
  return {
    address,
    hostGiven: text.includes(':'),
    behindTls: platform !== null && !isLoopback(address.host),
  }
}

/**
 * A login over plain HTTP is for this machine only.
 * @throws ConfigurationError web.insecure
 */
export function refusePlainHttp({ address, behindTls }: Listening, insecureHttp: boolean): void {
  if (behindTls || insecureHttp || isLoopback(address.host)) return
  throw new ConfigurationError(
    'web.insecure',
    `${address.host}:${address.port} is plain HTTP: whoever is on the way reads the token, the code and the password`,
    {
      hint: 'Listen on 127.0.0.1 and go there by `ssh -L 8080:127.0.0.1:8080 HOST`, or put a proxy with TLS in front and say --insecure-http.',
    },
  )
}
