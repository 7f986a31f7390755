import { gzipSync } from 'node:zlib'
import { ANY_LAYER, CODEC } from '../tl/schemas.ts'
import type { TlObject } from '../tl/value.ts'
import { TlWriter } from '../tl/writer.ts'
import type { MessageIds } from './message-ids.ts'
import type { Outgoing, Session } from './session.ts'

const MSG_CONTAINER = 0x73f1f8dc
/** Results from this size on are packed, when that makes them smaller. */
const GZIP_FROM = 512
const MAX_MESSAGES = 100

export function rpcResult(messageId: bigint, result: Buffer, isError = false): Outgoing {
  const packed =
    result.length < GZIP_FROM
      ? result
      : CODEC.encode({ _: 'gzip_packed', packed_data: gzipSync(result) }, ANY_LAYER)
  const body = CODEC.encode(
    { _: 'rpc_result', req_msg_id: messageId, result: packed.length < result.length ? packed : result },
    ANY_LAYER,
  )
  return { body, isAnswer: true, isContent: true, isError }
}

/** A service message of the server. */
export function service(object: TlObject, isContent = false): Outgoing {
  return { body: CODEC.encode(object, ANY_LAYER), isAnswer: true, isContent, isError: false }
}

/** A message with its header: id, number, length. */
function stamp(message: Outgoing, session: Session, ids: MessageIds): Buffer {
  return new TlWriter()
    .long(ids.next(message.isAnswer))
    .int(session.nextSeqNo(message.isContent))
    .int(message.body.length)
    .raw(message.body)
    .finish()
}

/** The messages as they go into packets: alone, or several in a container that ends at the first error. */
export function pack(messages: Outgoing[], session: Session, ids: MessageIds): Buffer[] {
  const groups: Outgoing[][] = [[]]
  for (const message of messages) {
    const last = groups.at(-1) ?? []
    if (last.at(-1)?.isError || last.length >= MAX_MESSAGES) groups.push([message])
    else last.push(message)
  }
  return groups.map((group) => {
    const stamped = group.map((message) => stamp(message, session, ids))
    const [only] = stamped
    if (only && stamped.length === 1) return only
    const body = new TlWriter().int(MSG_CONTAINER).int(stamped.length)
    for (const each of stamped) body.raw(each)
    return stamp({ body: body.finish(), isAnswer: true, isContent: false, isError: false }, session, ids)
  })
}
