import { UsageError } from '../errors.ts'
import { convertToFile } from '../session/convert.ts'
import type { PortableSession } from '../session/formats/portable-session.ts'
import { readAnySession } from '../session/read-session.ts'
import { readSource } from './session-source.ts'

/** What a Telethon file needs, and some formats do not tell. */
export interface Supplied {
  userId?: bigint | undefined
  /** `host:port` of the data centre's server. */
  dc?: string | undefined
}

/**
 * The session that SOURCE names, as the bytes of a Telethon file: unchanged if it is one, else converted. Throws what
 * reading it throws, and UsageError (`push.needs_dc`, `push.dc`) with the option that supplies what is missing.
 */
export async function readTelethonBytes(source: string, supplied: Supplied): Promise<Uint8Array> {
  const found = await readSource(source)
  if (!(found instanceof Uint8Array)) return await converted(found, supplied)
  const { format, session } = await readAnySession(found)
  return format === 'telethon-sqlite' ? found : await converted(session, supplied)
}

async function converted(session: PortableSession, { dc, userId }: Supplied): Promise<Uint8Array> {
  const address = dc === undefined ? session : addressOf(dc)
  if (address.serverAddress === undefined)
    throw new UsageError(
      'push.needs_dc',
      `this session does not tell where its data centre (${session.dcId}) answers, and nobody knows`,
      { hint: 'Pass its address: --dc 149.154.167.51:443' },
    )
  const { serverAddress, port } = address
  return await convertToFile({ ...session, serverAddress, port }, { userId })
}

function addressOf(dc: string): { serverAddress: string; port: number } {
  const [, host, port = ''] = /^\[?([\w.:-]{1,253}?)\]?:(\d{1,5})$/.exec(dc) ?? []
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError('push.dc', '--dc takes HOST:PORT', { hint: 'For example --dc 149.154.167.51:443' })
  return { serverAddress: host, port: Number(port) }
}
