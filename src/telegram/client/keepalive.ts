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

const USUAL_TTL_MS = 45_000
const PING_ATTEMPTS = 3

/**
 * A frozen process cannot hang up. Nobody takes over sooner than two thirds of the TTL after the freeze (the last
 * renewal may be a third old), 30 s of 45: Telegram has closed the frozen one's connection by then, and sees no
 * duplicate. A shorter TTL shortens both times with it.
 */
export function timesFor(ttlMs: number): KeepAliveTimes {
  const share = Math.min(1, ttlMs / USUAL_TTL_MS)
  return {
    every: 9_000 * share,
    answerWithin: 10_000,
    serverGivesUpAfter: Math.max(1, Math.floor(25 * share)) * 1000,
    requestEvery: 30 * 60_000,
  }
}

const ttls = new WeakMap<AnyClient, number>()

function timesOf(client: AnyClient): KeepAliveTimes {
  return timesFor(ttls.get(client) ?? USUAL_TTL_MS)
}

/** Telegram hangs up on a frozen process of this client before a lease of `ttlMs` can be taken over. Call it before connecting. */
export function hangUpWithin(client: AnyClient, ttlMs: number): void {
  ttls.set(client, ttlMs)
  pingFirst(client)
}

/** Every connection of a client of ours begins with a ping: from its first packet on Telegram would hang up. */
export function pingFirst(client: AnyClient): void {
  const line = lineOf(client)
  if (!line) return
  line.onOpened = () => {
    new Internals(client).sender?.send(pingOf(line.library, timesOf(client))).catch(() => undefined)
  }
}

function pingOf({ Api }: ClientLibrary, { serverGivesUpAfter }: KeepAliveTimes): object {
  return new Api.PingDelayDisconnect({
    pingId: bigInt(randomInt(2 ** 47)),
    disconnectDelay: serverGivesUpAfter / 1000,
  })
}

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
    await keepAlive(client, library, timesOf(client))
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

async function answers(sender: Sender, library: ClientLibrary, times: KeepAliveTimes): Promise<boolean> {
  for (let attempt = 0; attempt < PING_ATTEMPTS; attempt++) {
    const enough = new AbortController()
    const pong = sender.send(pingOf(library, times)).then(
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
