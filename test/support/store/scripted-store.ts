import { randomUUID } from 'node:crypto'
import { setImmediate as immediate } from 'node:timers/promises'
import { ConflictError, ForbiddenError, UnreachableError } from '../../../src/base/errors.ts'
import type {
  GetOptions,
  ObjectStore,
  StoredObject,
  StoreOptions,
  Version,
} from '../../../src/store/store.ts'
import type { Head } from '../../../src/replica/head.ts'
import { encodeHead, parseHead } from '../../../src/replica/head-format.ts'
import { tooLarge } from '../../../src/store/shared/errors.ts'
import { toVersion } from '../../../src/store/shared/version.ts'

export interface Fault {
  method?: 'get' | 'put' | 'delete'
  /** Part of the key. */
  key?: string
  /** How many requests it befalls; 1 unless given. */
  times?: number
  /** Done before the request, whatever it is: somebody else's move. */
  first?: () => Promise<unknown>
  /** Whether the request is carried out. */
  lands?: boolean
  /** Carried out only once this settles; its condition is looked at then. The caller never hears of it. */
  landsAfter?: Promise<unknown>
  /** Done after the request, before its answer is on the way. */
  after?: () => Promise<unknown>
  /** What the caller gets instead of the answer; 'silence' until it gives up. */
  answer?: Error | 'silence'
}

export const unreachable = (): Error => new UnreachableError('store.unreachable', 'HTTP 503', { hint: '-' })
export const forbidden = (): Error => new ForbiddenError('store.forbidden', 'HTTP 403', { hint: '-' })
export const conflict = (): Error => new ConflictError('store.conflict', 'HTTP 412', { hint: '-' })

/** A store without latency (so that virtual times are exact) that misbehaves on cue and counts what is asked of it. */
export class ScriptedStore implements ObjectStore {
  readonly label = 'scripted:'
  readonly objects = new Map<string, StoredObject>()
  requests: string[] = []
  /** False: conditions are ignored, as some S3 services do. */
  sound = true
  /** Requests for which it returns true fail. For single ones there is `fault`. */
  broken: ((key: string, method: string) => boolean) | undefined
  /** Requests wait for it. */
  silence: Promise<void> | undefined
  /** Turns of the event loop that each request is on its way. In one of them this process reads its sockets. */
  turns = 0
  #faults: Fault[] = []
  #writes = 0

  fault(fault: Fault): void {
    this.#faults.push({ times: 1, ...fault })
  }

  heal(): void {
    this.#faults = []
  }

  /** Changes the head of `main` behind everybody's back. */
  tamper(change: (head: Head) => Head): void {
    const key = 'main/head.json'
    const found = this.objects.get(key)
    if (!found) throw new Error('no head yet')
    const next = { ...change(parseHead(found.bytes)), writeId: randomUUID() }
    this.objects.set(key, { bytes: encodeHead(next), version: toVersion(String(++this.#writes)) })
  }

  /** Only what is under `prefix`, in order. */
  keys(prefix = ''): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).toSorted()
  }

  json(key: string): unknown {
    const found = this.objects.get(key)
    return found && JSON.parse(new TextDecoder().decode(found.bytes))
  }

  get(key: string, options: GetOptions = {}): Promise<StoredObject | null> {
    return this.#request('get', key, options, () => {
      const found = this.objects.get(key)
      if (found && found.bytes.length > (options.maxBytes ?? Infinity)) throw tooLarge(this.label, key, 0)
      return found ? { ...found, bytes: new Uint8Array(found.bytes) } : null
    })
  }

  put(
    key: string,
    bytes: Uint8Array,
    condition: 'absent' | Version,
    options: StoreOptions = {},
  ): Promise<Version> {
    const copy = bytes.slice()
    return this.#request('put', key, options, () => {
      if (this.sound && (this.objects.get(key)?.version ?? 'absent') !== condition) throw conflict()
      const version = toVersion(String(++this.#writes))
      this.objects.set(key, { bytes: copy, version })
      return version
    })
  }

  delete(key: string, options: StoreOptions = {}): Promise<void> {
    return this.#request('delete', key, options, () => void this.objects.delete(key))
  }

  async *list(prefix: string): AsyncIterable<string> {
    yield* this.keys(prefix)
  }

  async close(): Promise<void> {}

  async #request<T>(
    method: NonNullable<Fault['method']>,
    key: string,
    { signal }: StoreOptions,
    act: () => T,
  ): Promise<T> {
    signal?.throwIfAborted()
    this.requests.push(`${method} ${key}`)
    for (let turn = 0; turn < this.turns; turn++) await immediate()
    if (this.silence) await this.silence
    if (this.broken?.(key, method)) throw unreachable()
    const fault = this.#take(method, key)
    await fault?.first?.()
    if (fault?.landsAfter) {
      const late = (): void => void act()
      fault.landsAfter.then(late).catch(() => undefined)
      return await silence(signal)
    }
    if (fault?.lands === false) return await refuse(fault.answer, signal)
    const value = act()
    await fault?.after?.()
    return fault?.answer ? await refuse(fault.answer, signal) : value
  }

  #take(method: string, key: string): Fault | undefined {
    const found = this.#faults.find(
      (fault) =>
        fault.times! > 0 && (fault.method ?? method) === method && (!fault.key || key.includes(fault.key)),
    )
    if (found) found.times!--
    return found
  }
}

function refuse(answer: Fault['answer'], signal: AbortSignal | undefined): Promise<never> {
  return answer instanceof Error ? Promise.reject(answer) : silence(signal)
}

function silence(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
