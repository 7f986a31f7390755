import { BadDataError } from '../../base/errors.ts'
import type { SentFile, SentFileKey } from './storage.ts'
import { integer } from './tl-entities.ts'

/** `type` is a class of the client library, or an object of one; it is known by its name. */
export function sentFileKey(md5: Uint8Array, size: number, type: unknown): SentFileKey {
  const name: unknown = Object(type).className
  if (name !== 'InputDocument' && name !== 'InputPhoto')
    throw badFile('the file is neither an InputDocument nor an InputPhoto')
  if (md5.length !== 16) throw badFile(`an MD5 digest has 16 bytes, not ${md5.length}`)
  if (!Number.isSafeInteger(size) || size < 0) throw badFile('the size of the file is no number of bytes')
  return { md5, size, kind: name === 'InputPhoto' ? 'photo' : 'document' }
}

export function sentFile({ id, accessHash }: { id: unknown; accessHash: unknown }): SentFile {
  const [number, hash] = [integer(id), integer(accessHash)]
  if (number === undefined || hash === undefined) throw badFile('the file has no id and access hash')
  return { id: number, hash }
}

function badFile(what: string): BadDataError {
  return new BadDataError('session.bad_file', what, { hint: 'Pass what Telegram answered to the upload.' })
}
