import { ProtocolError } from './errors.ts'
import type { Call, Line } from './rpc/call.ts'
import { dispatch } from './rpc/dispatcher.ts'
import { clockError } from './session/message-ids.ts'
import { rpcResult, service } from './session/pack.ts'
import type { Outgoing } from './session/session.ts'
import { type Incoming, unpack } from './session/unpack.ts'
import { intOf, listOf, longOf } from './tl/fields.ts'
import { CODEC } from './tl/schemas.ts'
import type { TlObject, TlValue } from './tl/value.ts'

const BAD_CONTAINER = 64
const KNOWN_CONTAINER = 19

/** One decrypted message of a client: checked, unpacked, and answered part by part. @throws ProtocolError */
export async function receiveMessage(line: Line, salt: bigint, message: Incoming): Promise<void> {
  const { world, connection, key, session } = line
  const send = (outgoing: Outgoing): void => connection.deliver(key, session, outgoing)
  const complain = (name: string, code: number, rest: Record<string, TlValue> = {}): void =>
    send(
      service({
        _: name,
        bad_msg_id: message.messageId,
        bad_msg_seqno: message.seqNo,
        error_code: code,
        ...rest,
      }),
    )
  const badClock = clockError(message.messageId, world.seconds)
  if (badClock !== null) return complain('bad_msg_notification', badClock)
  if (!key.salts.accepts(salt, world.seconds))
    return complain('bad_server_salt', 48, { new_server_salt: key.salts.current(world.seconds) })

  const parts = unpacked(message)
  if (!parts) return complain('bad_msg_notification', BAD_CONTAINER)
  const isContainer = parts[0]?.messageId !== message.messageId
  if (isContainer && !session.see(message.messageId)) return complain('bad_msg_notification', KNOWN_CONTAINER)
  if (!session.isAnnounced) {
    session.isAnnounced = true
    const first = parts.reduce(
      (least, { messageId }) => (messageId < least ? messageId : least),
      message.messageId,
    )
    const fields = { first_msg_id: first, unique_id: world.randomBytes(8).readBigInt64LE() }
    send(
      service({ _: 'new_session_created', ...fields, server_salt: key.salts.current(world.seconds) }, true),
    )
  }
  await Promise.all(parts.map((part) => receivePart(line, part, send)))
}

function unpacked(message: Incoming): Incoming[] | null {
  try {
    return unpack(message)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

async function receivePart(line: Line, part: Incoming, send: (message: Outgoing) => void): Promise<void> {
  if (!line.session.see(part.messageId)) {
    // Sent twice: done once. The answer goes out again, for it may have been lost with a connection.
    const answer = line.session.answerTo(part.messageId)
    return send(answer ?? service({ _: 'msgs_ack', msg_ids: [part.messageId] }))
  }
  const name = part.body.length >= 4 ? CODEC.nameOf(part.body.readUInt32LE()) : undefined
  const serve = name === undefined ? undefined : SERVICES[name]
  if (serve) return serve(line, CODEC.decodeWhole(part.body), part.messageId, send)
  const call: Call = { ...line, messageId: part.messageId }
  const { result, isError } = await dispatch(call, part.body)
  const answer = rpcResult(part.messageId, result, isError)
  line.session.rememberAnswer(part.messageId, answer)
  send(answer)
}

type Service = (line: Line, request: TlObject, messageId: bigint, send: (message: Outgoing) => void) => void

const ignore: Service = () => {}

const ping: Service = ({ connection }, request, messageId, send) => {
  if (request._ === 'ping_delay_disconnect') connection.closeAfter(intOf(request, 'disconnect_delay'))
  send(service({ _: 'pong', msg_id: messageId, ping_id: longOf(request, 'ping_id') }))
}

/** The messages that are no RPC, by their names (core.telegram.org/mtproto/service_messages). */
const SERVICES: Partial<Record<string, Service>> = {
  msgs_ack: ignore,
  http_wait: ignore,
  msgs_state_info: ignore,
  msgs_all_info: ignore,
  ping,
  ping_delay_disconnect: ping,
  get_future_salts: ({ world, key }, request, messageId, send) => {
    const salts = key.salts
      .upcoming(intOf(request, 'num'), world.seconds)
      .map(({ since, until, salt }) => ({ _: 'future_salt', valid_since: since, valid_until: until, salt }))
    send(service({ _: 'future_salts', req_msg_id: messageId, now: world.seconds, salts }))
  },
  msgs_state_req: ({ session }, request, messageId, send) => {
    const states = listOf(request, 'msg_ids').map((id) =>
      typeof id === 'bigint' && session.hasSeen(id) ? 4 : 1,
    )
    send(service({ _: 'msgs_state_info', req_msg_id: messageId, info: Buffer.from(states) }))
  },
  // The client asks for our messages again. Only answers are kept, by the ids of their requests.
  msg_resend_req: ignore,
  rpc_drop_answer: (_line, _request, messageId, send) =>
    send(rpcResult(messageId, CODEC.encode({ _: 'rpc_answer_unknown' }, 0))),
  destroy_session: ({ key, session }, request, _messageId, send) => {
    const id = longOf(request, 'session_id')
    const isDestroyed = id !== session.id && key.sessions.delete(id)
    send(service({ _: isDestroyed ? 'destroy_session_ok' : 'destroy_session_none', session_id: id }))
  },
}
