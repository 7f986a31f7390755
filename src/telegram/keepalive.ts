import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import bigInt from 'big-integer'
import { Internals, replaceUpdateLoop } from './internals.ts'
import type { AnyClient, ClientLibrary, Sender } from './internals.ts'
import { lineOf } from './line.ts'

/** Milliseconds; the first two are the figures of GramJS and teleproto. */
export interface KeepAliveTimes {
  every: number
  answerWithin: number
  /** Telegram closes the connection when no ping comes for this long; sent in seconds. */
  serverGivesUpAfter: number
  /** Without a request now and then Telegram stops sending updates. */
  requestEvery: number
}

const TIMES: KeepAliveTimes = {
  every: 9_000,
  answerWithin: 10_000,
  // A frozen process cannot hang up. With the usual TTL of 45 s nobody takes over sooner than 30 s after the freeze (the
  // last renewal may be 15 s old): Telegram has closed the frozen one's connection by then, and sees no duplicate.
  serverGivesUpAfter: 25_000,
  requestEvery: 30 * 60_000,
}
const PING_ATTEMPTS = 3

const served = new WeakSet<ClientLibrary>()

/**
 * A client's own ping loop leaves a timer of ten seconds behind every ping, which holds a process that has
 * disconnected, and a GramJS client that could not reconnect in its few tries stays dead. So ours takes its place for
 * the clients made with `clientOptions`; all others keep theirs.
 */
export function pingOurClients(library: ClientLibrary): void {
  if (served.has(library)) return
  served.add(library)
  replaceUpdateLoop(library, (original) => async (client: never) => {
    if (!lineOf(client)) return await original(client)
    await new Internals(client).beginUpdates()
    await keepAlive(client, library, TIMES)
  })
}

/** Pings until the client is destroyed. Its timers hold no process: the socket does, while there is one. */
export async function keepAlive(
  client: AnyClient,
  library: ClientLibrary,
  times: KeepAliveTimes,
): Promise<void> {
  const { Api } = library
  const inner = new Internals(client)
  let everConnected = false
  let lastRequest = Date.now()
  for (;;) {
    await delay(times.every, undefined, { ref: false })
    if (inner.isDestroyed()) return
    const { sender } = inner
    if (!sender || sender.isReconnecting() || inner.isSwitchingDc()) continue
    if (!sender.isConnected()) {
      if (everConnected && !sender.wasDisconnected()) sender.revive()
      continue
    }
    everConnected = true
    if (!(await answers(sender, library, times))) {
      if (!inner.isDestroyed()) sender.reconnect()
      continue
    }
    await inner.recoverUpdates()
    lastRequest = Math.max(lastRequest, inner.lastRequest)
    if (Date.now() - lastRequest > times.requestEvery) {
      lastRequest = Date.now()
      // Only its being sent counts; who wants to know the answer asks himself.
      inner.invoke(new Api.updates.GetState()).catch(() => undefined)
    }
  }
}

async function answers(sender: Sender, { Api }: ClientLibrary, times: KeepAliveTimes): Promise<boolean> {
  for (let attempt = 0; attempt < PING_ATTEMPTS; attempt++) {
    const ping = new Api.PingDelayDisconnect({
      pingId: bigInt(randomInt(2 ** 47)),
      disconnectDelay: times.serverGivesUpAfter / 1000,
    })
    const enough = new AbortController()
    const pong = sender.send(ping).then(
      () => true,
      () => false,
    )
    const late = delay(times.answerWithin, false, { ref: false, signal: enough.signal }).catch(() => false)
    const answered = await Promise.race([pong, late])
    enough.abort()
    if (answered) return true
  }
  return false
}
