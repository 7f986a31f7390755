import { BadDataError, UsageError } from '../../base/errors.ts'
import { isTestAddress, knownAddress } from './data-centres.ts'
import type { DcAddress, PortableSession } from './portable-session.ts'

/** Refusals and questions that the formats share. None of them quotes the session. */

export function badSession(format: string, what: string): BadDataError {
  return new BadDataError('session.bad_string', `this looks like ${format}, but ${what}`, {
    hint: 'Copy it again, as a whole.',
  })
}

export function checkDc(format: string, dcId: number): number {
  if (dcId >= 1 && dcId <= 10_000) return dcId
  throw badSession(format, `there is no data centre ${dcId}`)
}

export function checkPort(format: string, port: number): number {
  if (port >= 1 && port <= 65_535) return port
  throw badSession(format, `its port ${port} is none`)
}

/** An IP address or a host name; GramJS in browsers stores the latter. */
export function checkAddress(format: string, address: string): string {
  if (/^[\w.:-]{1,253}$/.test(address)) return address
  throw badSession(format, 'its server address is none')
}

export function checkFlag(format: string, byte: number): boolean {
  if (byte === 0 || byte === 1) return byte === 1
  throw badSession(format, 'one of its flags is neither yes nor no')
}

export function keyOf(session: PortableSession): Uint8Array {
  if (session.authKey !== undefined) return session.authKey
  throw new BadDataError('session.no_key', 'the session holds no auth key: nobody has logged in with it', {
    hint: 'Log in first.',
  })
}

/** A data centre as one byte. */
export function dcByte(session: PortableSession): number {
  if (session.dcId >= 1 && session.dcId <= 255) return session.dcId
  throw new BadDataError('session.bad_dc', `a session string cannot name data centre ${session.dcId}`, {
    hint: 'Convert it to a file.',
  })
}

export function isTest(session: PortableSession): boolean {
  return session.testMode ?? (session.serverAddress !== undefined && isTestAddress(session.serverAddress))
}

/** The session's own address if `fits`, else the one that its data centre is known by. */
export function addressOf(session: PortableSession, fits: (address: string) => boolean): DcAddress {
  const { dcId, serverAddress, port } = session
  if (serverAddress !== undefined && fits(serverAddress)) return { dcId, serverAddress, port }
  return required(knownAddress(dcId, isTest(session)), 'server address', '--dc HOST:PORT', 'server')
}

/** What the target needs and the source does not hold. */
export function required<T>(value: T | undefined, what: string, flag: string, option: string): T {
  if (value !== undefined) return value
  throw new UsageError(
    `session.needs_${what.replaceAll(/\W/g, '_')}`,
    `the format asked for holds the ${what}, which this session does not tell`,
    { hint: `Pass it with ${flag} (in the library: \`${option}\`).` },
  )
}

/** For a format without a place for the address: its reader connects to where its own table says. */
export function refuseOtherAddress(session: PortableSession): void {
  if (knownAddress(session.dcId, isTest(session)) !== undefined) return
  throw new BadDataError('session.unknown_dc', `Pyrogram knows no data centre ${session.dcId}`, {
    hint: 'Convert to another format.',
  })
}
