import assert from 'node:assert/strict'
import type { Lease } from '../../../src/lease/lease.ts'
import type { Revision } from '../../../src/replica/head.ts'
import type { Replica, ReplicaOptions } from '../../../src/replica/replica.ts'
import { randomKey, sessionBytes } from './sessions.ts'
import { Setting } from './setting.ts'

/** Who has restored a session, and saves it with ever more peers; what each revision holds is remembered. */
export class Holder {
  readonly setting: Setting
  readonly key: Uint8Array
  readonly replica: Replica
  readonly files = new Map<number, Uint8Array>()
  lease: Lease
  base: Revision
  #peers: number

  private constructor(setting: Setting, key: Uint8Array, replica: Replica, taken: Taken, peers: number) {
    this.setting = setting
    this.key = key
    this.replica = replica
    this.lease = taken.lease
    this.base = taken.revision
    this.#peers = peers
    this.files.set(taken.revision.revision, taken.bytes)
  }

  /** After a push of another process, so that the first revision is whole and not its own. */
  static async of(options: Partial<ReplicaOptions> = {}, peers = 0): Promise<Holder> {
    const setting = new Setting()
    const key = randomKey()
    const bytes = await sessionBytes({ key, userId: 777, peers })
    await setting.during(setting.replica('ci').push(bytes))
    const replica = setting.replica('worker.1', options)
    return new Holder(setting, key, replica, await take(setting, replica), peers + 1)
  }

  async file(): Promise<Uint8Array> {
    return await sessionBytes({ key: this.key, userId: 777, peers: this.#peers++ })
  }

  async save(bytes?: Uint8Array): Promise<Revision> {
    const plain = bytes ?? (await this.file())
    const { revision } = await this.setting.during(this.replica.save(this.lease, this.base, plain))
    this.files.set(revision.revision, plain)
    return (this.base = revision)
  }

  async saves(count: number): Promise<Revision> {
    for (let index = 0; index < count; index++) await this.save()
    return this.base
  }

  /** What the revision with this number was made of. */
  made(revision: number): Uint8Array {
    const bytes = this.files.get(revision)
    assert.ok(bytes, `revision ${revision} was never made`)
    return bytes
  }

  /** The bytes of the object that `objectKey` names are put through `change`. */
  harm(objectKey: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const name = `main/${objectKey}`
    const object = this.setting.store.objects.get(name)
    assert.ok(object, name)
    this.setting.store.objects.set(name, { ...object, bytes: change(Uint8Array.from(object.bytes)) })
  }

  /** Another process, once this one has let go. */
  async successor(options: Partial<ReplicaOptions> = {}): Promise<Taken & { replica: Replica }> {
    await this.setting.during(this.lease.release())
    const replica = this.setting.replica('worker.2', options)
    return { replica, ...(await take(this.setting, replica)) }
  }
}

export interface Taken {
  lease: Lease
  revision: Revision
  bytes: Uint8Array
}

export async function take(setting: Setting, replica: Replica): Promise<Taken> {
  const lease = await setting.during(replica.lease())
  const restored = await setting.during(replica.restore({ lease }))
  return { lease, ...restored }
}
