import { convertToFile, type ConvertOptions } from '../session/convert.ts'
import { readAnySession } from '../session/read-session.ts'
import { readSource } from './session-source.ts'

/**
 * The session that SOURCE names, as the bytes of a Telethon file: unchanged if it is one, else converted. Throws what
 * reading and `convertToFile` throw.
 */
export async function readTelethonBytes(source: string, options: ConvertOptions): Promise<Uint8Array> {
  const found = await readSource(source)
  if (!(found instanceof Uint8Array)) return await convertToFile(found, options)
  const { format, session } = await readAnySession(found)
  return format === 'telethon-sqlite' ? found : await convertToFile(session, options)
}
