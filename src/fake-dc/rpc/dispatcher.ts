import { ProtocolError, RpcError } from '../errors.ts'
import { gunzipBody } from '../session/unpack.ts'
import { bytesOf, intOf, textOf } from '../tl/fields.ts'
import { CODEC } from '../tl/schemas.ts'
import type { TlObject, TlValue } from '../tl/value.ts'
import type { ClientInfo } from '../world/authorization.ts'
import { AUTH } from './auth.ts'
import { AUTHORIZATIONS } from './authorizations.ts'
import { type Call, type Handler, accountOf, layerOf } from './call.ts'
import { CHANNELS } from './channels.ts'
import { HELP } from './help.ts'
import { MESSAGES } from './messages.ts'
import { PASSWORD } from './password.ts'
import { PEERS } from './peers.ts'
import { QR } from './qr.ts'
import { TEMPORARY_KEYS } from './temporary-keys.ts'
import { UPDATES } from './updates.ts'
import { USERS } from './users.ts'

/** Methods for everybody, and those that need an authorised key. */
const OPEN: Partial<Record<string, Handler>> = { ...HELP, ...AUTH, ...QR, ...PASSWORD, ...TEMPORARY_KEYS }
const CLOSED: Partial<Record<string, Handler>> = {
  ...USERS,
  ...UPDATES,
  ...CHANNELS,
  ...MESSAGES,
  ...PEERS,
  ...AUTHORIZATIONS,
}

/** The result of a request, encoded in the client's layer; an error is a result too. */
export async function dispatch(call: Call, body: Buffer): Promise<{ result: Buffer; isError: boolean }> {
  try {
    const value = await perform(call, body)
    return { result: CODEC.encode(value, layerOf(call)), isError: false }
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
  key.login.use(world.seconds)
  const isBinding = method === 'auth.bindTempAuthKey'
  if (key.isUnbound && !isBinding) throw new RpcError(401, 'AUTH_KEY_PERM_EMPTY')
  if (session.layer === null && key.layer === null && !isBinding)
    throw new RpcError(400, 'CONNECTION_NOT_INITED')
  world.faults.check(method)
  const handler = OPEN[method] ?? CLOSED[method]
  if (!OPEN[method]) accountOf(call)
  if (!handler) throw new RpcError(400, `INPUT_METHOD_INVALID_${request.readUInt32LE()}`)
  return handler(call, CODEC.decodeWhole(request))
}

/** One key, one client: a second one while the first is connected kills the authorisation for both. */
async function refuseDuplicate({ world, connection, key, session }: Call): Promise<void> {
  const wasDead = key.login.state === 'duplicated'
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
    if (name === 'initConnection') call.key.client = clientOf(wrapper)
    if (name === 'invokeWithoutUpdates') wantsUpdates = false
    request = gunzipBody(bytesOf(wrapper, 'query'))
  }
}

const clientOf = (wrapper: TlObject): ClientInfo => ({
  apiId: intOf(wrapper, 'api_id'),
  deviceModel: textOf(wrapper, 'device_model'),
  systemVersion: textOf(wrapper, 'system_version'),
  appVersion: textOf(wrapper, 'app_version'),
})

function rememberLayer({ key, session }: Call, wrapper: TlObject): void {
  session.layer = intOf(wrapper, 'layer')
  key.layer = session.layer
}
