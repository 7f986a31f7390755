import { convertToFile, type ConvertOptions } from '../session/convert.ts'
import { FAMILY_NAMES } from '../session/formats/family.ts'
import { readAnySession } from '../session/read-session.ts'
import { readSource } from './session-source.ts'

/**
 * The session that SOURCE names, as the bytes of a file: a file as it is, unless it is to be of another family or to hold
 * what it does not tell; anything else becomes a Telethon file unless a family is named. Throws what reading and
 * `convertToFile` throw.
 */
export async function readSessionBytes(source: string, options: ConvertOptions): Promise<Uint8Array> {
  const found = await readSource(source)
  if (!(found instanceof Uint8Array)) return await convertToFile(found, options)
  const { format } = await readAnySession(found)
  const { family: wanted, ...known } = options
  const family = wanted ?? FAMILY_NAMES.find((name) => name === format) ?? 'telethon'
  const isWhole = Object.values(known).every((value) => value === undefined)
  return format === family && isWhole ? found : await convertToFile(found, { ...known, family })
}
