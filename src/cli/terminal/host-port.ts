import { InvalidArgumentError } from 'commander'
import type { ServerAddress } from '../../session/formats/portable-session.ts'

/** Where a server answers, on the command line: `149.154.167.51:443`, `[2001:db8::7]:443`, or with a host name. */
export function hostPort(value: string): ServerAddress {
  const [, serverAddress, port = ''] = /^\[?([\w.:-]{1,253}?)\]?:(\d{1,5})$/.exec(value) ?? []
  if (serverAddress === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new InvalidArgumentError('It must be HOST:PORT, such as 149.154.167.51:443.')
  return { serverAddress, port: Number(port) }
}
