import { mock } from 'node:test'
import { addPublicKey } from '@mtcute/core/utils.js'
import { type ITelegramStorageProvider, MemoryStorage, TelegramClient } from '@mtcute/node'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { API_HASH, API_ID } from './gramjs.ts'

// mtcute leaves the timer of its next salt behind, which runs for half an hour: it must not keep a test alive.
const { setTimeout: original } = globalThis
mock.method(globalThis, 'setTimeout', (callback: () => void, delay?: number) => {
  const timer = original(callback, delay)
  return delay !== undefined && delay > 60_000 ? timer.unref() : timer
})

export { MemoryStorage, TelegramClient }

/** A client of mtcute that talks to `dc`; with the storage of another one it is the same session. */
export async function mtcute(
  dc: FakeDc,
  {
    storage = new MemoryStorage(),
    usePfs = false,
  }: { storage?: ITelegramStorageProvider; usePfs?: boolean } = {},
): Promise<TelegramClient> {
  const crypto = new NodeCryptoProvider()
  await crypto.initialize()
  addPublicKey(crypto, dc.publicKeyPem)
  const address = { id: dc.dcId, ipAddress: dc.host, port: dc.port }
  return new TelegramClient({
    apiId: API_ID,
    apiHash: API_HASH,
    storage,
    crypto,
    defaultDcs: { main: address, media: address },
    logLevel: 0,
    updates: { catchUp: true },
    network: { usePfs },
  })
}
