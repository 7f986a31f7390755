import { createHash } from 'node:crypto'
import bigInt from 'big-integer'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { Session } from 'telegram/sessions/index.js'
import { Api } from 'telegram/tl/index.js'
import { BadDataError } from '../errors.ts'
import { unmarkId } from './marked-id.ts'
import type { ChangeKind, SessionCore } from './session-core.ts'
import type { Entity, UpdateState } from './storage.ts'
import { entityOf, integer, peerMarkedId } from './tl-entities.ts'

/** What GramJS lets its callers name a peer by. */
export type PeerLike = Parameters<Session['getInputEntity']>[0]

/** InputPeer, InputUser, InputChannel: they say already what is to be found. */
const INPUT_TYPES = new Set([0xc91c90b6, 0xe669bf46, 0x40f202fd])

/**
 * GramJS's `Session` over our core. GramJS mutates AuthKey objects in place and shares them, so only their bytes
 * come in and only fresh objects go out. Everything but `load` works at once, without I/O.
 */
export abstract class GramSession extends Session {
  protected readonly core: SessionCore

  constructor(core: SessionCore) {
    super()
    this.core = core
  }

  abstract override load(): Promise<void>
  // GramJS awaits none of these. Ours never leave a rejection unhandled (SessionFile.save).
  /* oxlint-disable typescript/no-misused-promises */
  abstract override save(): Promise<void>
  abstract override close(): Promise<void>
  abstract override delete(): Promise<void>
  /* oxlint-enable typescript/no-misused-promises */

  override get dcId(): number {
    return this.core.dcId
  }

  /** '' while no data centre was chosen; GramJS then chooses its own default. */
  override get serverAddress(): string {
    return this.core.serverAddress ?? ''
  }

  override get port(): number {
    return this.core.port
  }

  override setDC(dcId: number, serverAddress: string, port: number): void {
    this.core.setDC(dcId, serverAddress, port)
  }

  override get authKey(): AuthKey | undefined {
    return this.getAuthKey()
  }

  override set authKey(value: AuthKey | undefined) {
    this.setAuthKey(value)
  }

  override getAuthKey(dcId?: number): AuthKey | undefined {
    const key = this.core.authKey(dcId)
    return key && new AuthKey(Buffer.from(key), createHash('sha1').update(key).digest())
  }

  /** An AuthKey without bytes is no key: GramJS empties the object when the server forgot it. */
  override setAuthKey(authKey?: AuthKey, dcId?: number): void {
    this.core.setAuthKey(authKey?.getKey(), dcId)
  }

  /** A copy of the session's key; a secret. */
  get authKeyBytes(): Uint8Array | undefined {
    return this.core.authKey()
  }

  /** The account's own id, once it is known. */
  get userId(): bigint | undefined {
    return this.core.userId
  }

  get takeoutId(): bigint | undefined {
    return this.core.takeoutId
  }

  set takeoutId(value: bigint | undefined) {
    this.core.takeoutId = value
  }

  /** Whether peers that the client meets are kept. */
  get saveEntities(): boolean {
    return this.core.saveEntities
  }

  set saveEntities(value: boolean) {
    this.core.saveEntities = value
  }

  /** `entityId` is 0 for the account, or the bare positive id of a channel. */
  getUpdateState(entityId: bigint | number): UpdateState | undefined {
    return this.core.updateState(entityId)
  }

  setUpdateState(entityId: bigint | number, state: UpdateState): void {
    this.core.setUpdateState(entityId, state)
  }

  onChange(listener: (kind: ChangeKind) => void): () => void {
    return this.core.onChange(listener)
  }

  /** Never throws: GramJS would take that for a failure of a request that has already succeeded. */
  override processEntities(value: unknown): void {
    this.core.processEntities(value)
  }

  /** Throws `BadDataError` (`session.unknown_peer`) for a peer it has not met; GramJS then asks Telegram. */
  override getInputEntity(key: PeerLike): Api.TypeInputPeer {
    if (isInput(key)) return key
    const found = entityOf(key) ?? this.#find(key)
    if (found !== undefined) return inputPeer(found)
    throw new BadDataError('session.unknown_peer', 'this session has not met that peer', {
      hint: 'Let the client see it once: by its username, in a dialog, or in a common chat.',
    })
  }

  #find(key: PeerLike): Entity | undefined {
    if (typeof key === 'string') return this.core.findByText(key)
    const marked = peerMarkedId(key)
    if (marked !== undefined) return this.core.findById(marked, true)
    const id = integer(key)
    return id === undefined ? undefined : this.core.findById(id)
  }
}

/** GramJS hands InputUser and InputChannel through as they are, and its requests take them so. */
function isInput(key: unknown): key is Api.TypeInputPeer {
  return (
    typeof key === 'object' &&
    key !== null &&
    'SUBCLASS_OF_ID' in key &&
    typeof key.SUBCLASS_OF_ID === 'number' &&
    INPUT_TYPES.has(key.SUBCLASS_OF_ID)
  )
}

function inputPeer(entity: Entity): Api.TypeInputPeer {
  const { kind, id } = unmarkId(entity.id)
  const accessHash = bigInt(entity.hash)
  if (kind === 'user') return new Api.InputPeerUser({ userId: bigInt(id), accessHash })
  if (kind === 'chat') return new Api.InputPeerChat({ chatId: bigInt(id) })
  return new Api.InputPeerChannel({ channelId: bigInt(id), accessHash })
}
