import { gunzipSync } from 'node:zlib'
import { ProtocolError } from '../errors.ts'
import { TlReader } from '../tl/reader.ts'

const MSG_CONTAINER = 0x73f1f8dc
const GZIP_PACKED = 0x3072cfa1
const MAX_MESSAGES = 1020
const MAX_UNPACKED = 1 << 24

/** A message of the client. */
export interface Incoming {
  messageId: bigint
  seqNo: number
  body: Buffer
}

/** The body itself, or what was packed in it. @throws ProtocolError */
export function gunzipBody(body: Buffer): Buffer {
  if (body.length < 4 || body.readUInt32LE() !== GZIP_PACKED) return body
  const packed = new TlReader(body.subarray(4)).bytes()
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_UNPACKED })
  } catch (error) {
    throw new ProtocolError('gzip_packed cannot be unpacked', { cause: error })
  }
}

export const isContainer = (body: Buffer): boolean =>
  body.length >= 4 && body.readUInt32LE() === MSG_CONTAINER

/** The messages of a container, or the message itself; unpacked. @throws ProtocolError */
export function unpack(message: Incoming): Incoming[] {
  const body = gunzipBody(message.body)
  if (!isContainer(body)) return [{ ...message, body }]
  const reader = new TlReader(body.subarray(4))
  const count = reader.int()
  if (count < 0 || count > MAX_MESSAGES) throw new ProtocolError('a container holds too many messages')
  return Array.from({ length: count }, () => {
    const messageId = reader.long()
    const seqNo = reader.int()
    const inner = gunzipBody(reader.raw(reader.int()))
    if (isContainer(inner)) throw new ProtocolError('a container lies in a container')
    return { messageId, seqNo, body: inner }
  })
}
