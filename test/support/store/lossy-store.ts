import type { ObjectStore, StoreOptions } from '../../../src/store/store.ts'
import type { SimMachine, SimTime } from '../sim-clock.ts'

export interface Losses {
  time: SimTime
  /** Whose requests they are. */
  machine: SimMachine
  random: () => number
  /** Share of requests that never arrive, and as many whose answer never does. */
  lost: number
  /** Share of requests that arrive up to two minutes late, long after the caller has given up. */
  late: number
}

/**
 * A client of `store` over a bad network, in virtual time. What the caller has given up may still land: that is
 * the case that tells a sound protocol from one that only looks so.
 */
export function lossy(store: ObjectStore, { time, machine, random, lost, late }: Losses): ObjectStore {
  const never = new Promise<never>(() => undefined)
  const pass = (ms: number): Promise<void> => new Promise((resolve) => void time.at(time.now + ms, resolve))

  async function travel<T>(arrive: () => Promise<T>): Promise<T> {
    const luck = random()
    if (luck < lost / 2) return await never
    await pass(luck > 1 - late ? random() * 120_000 : 5 + random() * 100)
    const answer = await arrive().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    if (luck < lost) return await never
    await pass(5 + random() * 100)
    await machine.awake()
    return answer()
  }

  function request<T>(signal: AbortSignal | undefined, arrive: () => Promise<T>): Promise<T> {
    const trip = travel(arrive)
    trip.catch(() => undefined)
    if (!signal) return trip
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    return Promise.race([trip, stopped]).finally(() => signal.removeEventListener('abort', stop))
  }

  return {
    label: `${store.label} over a bad network`,
    get: (key, options) => request(options?.signal, () => store.get(key)),
    put: (key, bytes, condition, options?: StoreOptions) =>
      request(options?.signal, () => store.put(key, bytes, condition)),
    delete: (key, options) => request(options?.signal, () => store.delete(key)),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
  }
}
