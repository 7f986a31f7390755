import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Cipher } from '../../../src/seal/cipher.ts'
import { type Head, references } from '../../../src/replica/head.ts'
import { encodeHead, parseHead } from '../../../src/replica/head-format.ts'
import { parseKey, recipientOf } from '../../../src/seal/key.ts'
import { type LoginAttempt, Replica, type ReplicaOptions } from '../../../src/replica/replica.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import { toVersion } from '../../../src/store/shared/version.ts'
import { SimTime } from '../../support/sim-clock.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { settling } from './virtual.ts'

export const HEAD = 'main/head.json'
export const identity = parseKey(randomBytes(32).toString('hex'))
const recipient = recipientOf(identity)

export const aged = (): Cipher => new Cipher({ encryption: 'age', identities: [identity], recipient })
export const readable = (): Cipher => new Cipher({ encryption: 'none', identities: [] })

/** One store in virtual time, and as many processes as a test opens. */
export class Setting {
  readonly time = new SimTime()
  readonly store = new ScriptedStore()
  readonly warnings: unknown[] = []

  /** Encryption runs in real threads, which need real time: some for each step of the virtual one. */
  async during<T>(work: Promise<T>): Promise<T> {
    const { settled } = settling(work)
    while (!settled()) {
      await this.time.run(this.time.now + 250)
      await delay(1)
    }
    return await work
  }

  replica(label = 'worker.1', options: Partial<ReplicaOptions> = {}): Replica {
    return new Replica({
      store: this.store,
      name: 'main',
      cipher: aged(),
      verify: verifySession,
      label,
      clock: this.time.clock(),
      onWarning: (error) => this.warnings.push(error),
      ...options,
    })
  }

  get head(): Head {
    const found = this.store.objects.get(HEAD)
    assert.ok(found, 'there is no head')
    return parseHead(found.bytes)
  }

  /** Somebody else's write. */
  edit(change: (head: Head) => Head): void {
    const head = { ...change(this.head), writeId: `edit ${Math.random()}` }
    this.store.objects.set(HEAD, { bytes: encodeHead(head), version: toVersion(head.writeId) })
  }

  /** What the head refers to and what lies there are the same: nothing lost, nothing forgotten. */
  assertTidy(): void {
    const named = [...new Set(references(this.head).map(({ objectKey: key }) => `main/${key}`))]
    assert.deepEqual(this.store.keys('main/revisions/'), named.toSorted())
    const numbers = named.map((key) => /revisions\/(\d+)-/.exec(key)?.[1])
    assert.equal(new Set(numbers).size, numbers.length, 'a number was given twice')
  }
}

/** A login that was announced. */
export async function begun(replica: Replica, how?: { replace?: boolean }): Promise<LoginAttempt> {
  const attempt = replica.attempt(how)
  await attempt.begin()
  return attempt
}
