import { createHash } from 'node:crypto'
import bigInt from 'big-integer'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { Session } from 'telegram/sessions/index.js'
import { Api } from 'telegram/tl/index.js'
import { unmarkId } from '../../session/core/marked-id.ts'
import { findPeer, isInput } from '../../session/core/peer-lookup.ts'
import { sentFile, sentFileKey } from '../../session/core/sent-file.ts'
import type { ChangeKind, SessionCore } from '../../session/core/session-core.ts'
import type { Entity, UpdateState } from '../../session/core/storage.ts'

/** What GramJS lets its callers name a peer by. */
export type PeerLike = Parameters<Session['getInputEntity']>[0]

/**
 * GramJS's `Session` over our core. GramJS mutates AuthKey objects in place and shares them, so only their bytes
 * come in and only fresh objects go out. Everything but `load` works at once, without I/O.
 */
export abstract class BaseSession extends Session {
  /** @internal */
  protected readonly core: SessionCore

  /** @internal */
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

  /**
   * Whether the client dropped the key of an account without a logout, and nobody has logged in since. That is an `auth`
   * change like any other; what tells it apart is this. The file or storage keeps the last good key until a login or
   * `delete()`, while `toBytes()` shows what the client has: quarantine it, do not store it over a good one.
   */
  get authKeyLost(): boolean {
    return this.core.isKeyLost
  }

  /** The account's own id, once it is known. */
  get userId(): bigint | undefined {
    return this.core.userId
  }

  /** Of a data export that is under way (`account.initTakeoutSession`). */
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

  /** Remembers where the updates of the account (0) or of a channel (its bare id) were left. */
  setUpdateState(entityId: bigint | number, state: UpdateState): void {
    this.core.setUpdateState(entityId, state)
  }

  /** Of the account (0) and of every channel (its bare id). */
  getUpdateStates(): [entityId: bigint, state: UpdateState][] {
    return this.core.updateStates()
  }

  /**
   * A file that was sent before, or undefined; as in Telethon, without a file reference, which Telegram may ask for.
   * `md5Digest` has 16 bytes, `fileSize` is in bytes, `type` is `Api.InputDocument` or `Api.InputPhoto`.
   */
  getFile<T extends Api.InputDocument | Api.InputPhoto>(
    md5Digest: Uint8Array,
    fileSize: number,
    type: new (fields: { id: bigInt.BigInteger; accessHash: bigInt.BigInteger; fileReference: Buffer }) => T,
  ): T | undefined {
    const found = this.core.sentFile(sentFileKey(md5Digest, fileSize, type))
    return (
      found &&
      new type({ id: bigInt(found.id), accessHash: bigInt(found.hash), fileReference: Buffer.alloc(0) })
    )
  }

  /** Remembers what Telegram calls a file. */
  cacheFile(md5Digest: Uint8Array, fileSize: number, file: Api.InputDocument | Api.InputPhoto): void {
    this.core.putSentFile(sentFileKey(md5Digest, fileSize, file), sentFile(file))
  }

  /** Calls `listener` after each change. Returns what ends that. */
  onChange(listener: (kind: ChangeKind) => void): () => void {
    return this.core.onChange(listener)
  }

  /** Never throws: GramJS would take that for a failure of a request that has already succeeded. */
  override processEntities(value: unknown): void {
    this.core.processEntities(value)
  }

  /** Throws `BadDataError` (`session.unknown_peer`) for a peer it has not met; GramJS then asks Telegram. */
  override getInputEntity(key: PeerLike): Api.TypeInputPeer {
    return isInputPeer(key) ? key : inputPeer(findPeer(this.core, key))
  }
}

function isInputPeer(key: PeerLike): key is Api.TypeInputPeer {
  return isInput(key)
}

function inputPeer(entity: Entity): Api.TypeInputPeer {
  const { kind, id } = unmarkId(entity.id)
  const accessHash = bigInt(entity.hash)
  if (kind === 'user') return new Api.InputPeerUser({ userId: bigInt(id), accessHash })
  if (kind === 'chat') return new Api.InputPeerChat({ chatId: bigInt(id) })
  return new Api.InputPeerChannel({ channelId: bigInt(id), accessHash })
}
