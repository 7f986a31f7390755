import { setTimeout as sleep } from 'node:timers/promises'

type Maybe<T> = T | false | 0 | '' | undefined | null

/** Ends what would hang, and judges nothing: on a busy machine everything takes its time. */
const PATIENCE_MS = 120_000

/** Looks again until `done` gives something, be it only true. What is waited for is told by its source, or in words. */
export async function until<T>(done: () => Maybe<T> | Promise<Maybe<T>>, what = done.toString()): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await done()
    if (found) return found
    if (performance.now() > giveUpAt) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await sleep(20)
  }
}
