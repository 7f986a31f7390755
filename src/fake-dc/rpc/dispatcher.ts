import { ProtocolError, RpcError } from '../errors.ts'
import { gunzipBody } from '../session/unpack.ts'
import { bytesOf, intOf } from '../tl/fields.ts'
import { CODEC } from '../tl/schemas.ts'
import type { TlObject, TlValue } from '../tl/value.ts'
import { AUTH } from './auth.ts'
import { BOT_AND_QR } from './bot-and-qr.ts'
import { type Call, type Handler, accountOf } from './call.ts'
import { CHANNELS } from './channels.ts'
import { HELP } from './help.ts'
import { MESSAGES } from './messages.ts'
import { PASSWORD } from './password.ts'
import { UPDATES } from './updates.ts'
import { USERS } from './users.ts'

/** Methods for everybody, and those that need an authorised key. */
const OPEN: Partial<Record<string, Handler>> = { ...HELP, ...AUTH, ...BOT_AND_QR, ...PASSWORD }
const CLOSED: Partial<Record<string, Handler>> = { ...USERS, ...UPDATES, ...CHANNELS, ...MESSAGES }

/** The result of a request, encoded in the client's layer; an error is a result too. */
export async function dispatch(call: Call, body: Buffer): Promise<{ result: Buffer; isError: boolean }> {
  try {
    const value = await perform(call, body)
    return { result: CODEC.encode(value, call.session.layer ?? call.key.layer ?? 0), isError: false }
  } catch (error) {
    const { code, message } = toRpcError(error)
    return {
      result: CODEC.encode({ _: 'rpc_error', error_code: code, error_message: message }, 0),
      isError: true,
    }
  }
}

function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof ProtocolError) return new RpcError(400, 'INPUT_FETCH_FAIL')
  throw error
}

async function perform(call: Call, body: Buffer): Promise<TlValue> {
  const { world, connection, key, session } = call
  key.requests++
  session.peers.add(connection)
  const { request, method, wantsUpdates } = unwrap(call, body)
  world.emit('request', connection.id, { keyId: key.id, sessionId: session.name, method })
  await refuseDuplicate(call)
  session.wantsUpdates ||= wantsUpdates
  if (session.layer === null && key.layer === null) throw new RpcError(400, 'CONNECTION_NOT_INITED')
  world.faults.check(method)
  const handler = OPEN[method] ?? CLOSED[method]
  if (!OPEN[method]) accountOf(call)
  if (!handler) throw new RpcError(400, `INPUT_METHOD_INVALID_${request.readUInt32LE()}`)
  return handler(call, CODEC.decodeWhole(request))
}

/** One key, one client: a second one while the first is connected kills the authorisation for both. */
async function refuseDuplicate({ world, connection, key, session }: Call): Promise<void> {
  const wasDead = key.state === 'duplicated'
  if (!wasDead && !(await key.hasRival(session))) return
  if (wasDead) key.refused++
  else if (key.killAsDuplicated())
    world.emit('duplicate', connection.id, { keyId: key.id, sessionId: session.name })
  throw new RpcError(406, 'AUTH_KEY_DUPLICATED')
}

const WRAPPERS = [
  'invokeWithLayer',
  'initConnection',
  'invokeWithoutUpdates',
  'invokeAfterMsg',
  'invokeAfterMsgs',
]

/** Takes the wrappers off a request and remembers what they say. */
function unwrap(call: Call, body: Buffer): { request: Buffer; method: string; wantsUpdates: boolean } {
  let request = gunzipBody(body)
  let wantsUpdates = true
  for (;;) {
    if (request.length < 4) throw new ProtocolError('a request is empty')
    const id = request.readUInt32LE()
    const name = CODEC.nameOf(id)
    if (name === undefined || !WRAPPERS.includes(name))
      return { request, method: name ?? id.toString(16).padStart(8, '0'), wantsUpdates }
    const wrapper = CODEC.decodeWhole(request)
    if (name === 'invokeWithLayer') rememberLayer(call, wrapper)
    if (name === 'invokeWithoutUpdates') wantsUpdates = false
    request = gunzipBody(bytesOf(wrapper, 'query'))
  }
}

function rememberLayer({ key, session }: Call, wrapper: TlObject): void {
  session.layer = intOf(wrapper, 'layer')
  key.layer = session.layer
}
