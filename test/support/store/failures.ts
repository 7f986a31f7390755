import { ConflictError, TgsessionError, UnreachableError } from '../../../src/base/errors.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../../../src/base/retry.ts'

/** Tries as often as ever, and notes each pause instead of making it. */
export const noting = (pause: (ms: number) => void): RetryPolicy => ({
  ...DEFAULT_RETRY,
  sleep: async (ms) => pause(ms),
  random: () => 0.5,
})

/** Ends by the test's time-out if it never comes about. */
export async function unconnected(server: { readonly connections: number }): Promise<void> {
  while (server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 1))
}

export function isConflict(error: unknown): boolean {
  return error instanceof ConflictError
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof UnreachableError && error.code === 'store.unreachable'
}

export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TgsessionError && error.code === code
}

export async function firstOf(keys: AsyncIterable<string>): Promise<string | undefined> {
  for await (const key of keys) return key
  return undefined
}
