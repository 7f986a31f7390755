import { classify } from './classify.ts'
import type { AnyClient } from './internals.ts'
import { lineOf } from './line.ts'

export interface KeyWatcher {
  /** Telegram does not accept the auth key, and never will again. `reason` is its own word for it. */
  onDead(why: 'revoked' | 'duplicated', reason: string): Promise<void>
  /** `connectClient` failed, and has disconnected the client for good. */
  onNotConnected(): Promise<void>
}

interface Invoking {
  invoke(...args: unknown[]): Promise<unknown>
}

const watchers = new WeakMap<AnyClient, KeyWatcher>()

/** Passes to the watcher what Telegram answers about this client's auth key, whichever request it answers. */
export function watchKey(client: AnyClient, watcher: KeyWatcher): void {
  watchers.set(client, watcher)
  const ifDead = (error: unknown): void => void tellDead(watcher, error)
  lineOf(client)?.keyGone.catch(ifDead)
  if (!invokes(client)) return
  const invoke = client.invoke.bind(client)
  client.invoke = (...args) => {
    const answer = invoke(...args)
    answer.catch(ifDead)
    return answer
  }
}

/** Resolves once this client's watcher has handled a failed connection. */
export async function connectionFailed(client: AnyClient, error: unknown): Promise<void> {
  const watcher = watchers.get(client)
  if (watcher === undefined) return
  await tellDead(watcher, error)
  await watcher.onNotConnected()
}

async function tellDead(watcher: KeyWatcher, error: unknown): Promise<void> {
  const { kind, reason } = classify(error)
  if (kind === 'revoked' || kind === 'duplicated') await watcher.onDead(kind, reason)
}

function invokes(client: object): client is Invoking {
  return 'invoke' in client && typeof client.invoke === 'function'
}
