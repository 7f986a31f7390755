import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import bigInt from 'big-integer'
import { Api } from 'telegram'
import type { TelegramClient } from 'telegram'
import { Internals, replaceUpdateLoop } from './internals.ts'
import type { Sender } from './internals.ts'
import { lineOf } from './line.ts'

/** Milliseconds; the first two are GramJS's own figures. */
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

let installed = false

/**
 * GramJS's own ping loop leaves a timer of ten seconds behind every ping, which holds a process that has
 * disconnected, and a client that could not reconnect in its few tries stays dead. So ours takes its place for
 * the clients made with `clientOptions`; all others keep GramJS's.
 */
export function pingOurClients(): void {
  if (installed) return
  installed = true
  replaceUpdateLoop((original) => (client) => (lineOf(client) ? keepAlive(client, TIMES) : original(client)))
}

/** Pings until the client is destroyed. Its timers hold no process: the socket does, while there is one. */
export async function keepAlive(client: TelegramClient, times: KeepAliveTimes): Promise<void> {
  const inner = new Internals(client)
  let everConnected = false
  let lastRequest = Date.now()
  for (;;) {
    await delay(times.every, undefined, { ref: false })
    if (inner.isDestroyed()) return
    const { sender } = inner
    if (!sender || sender.isReconnecting() || inner.isSwitchingDc()) continue
    if (!sender.isConnected()) {
      if (everConnected) sender.revive()
      continue
    }
    everConnected = true
    if (!(await answers(sender, times))) {
      if (!inner.isDestroyed()) sender.reconnect()
      continue
    }
    lastRequest = Math.max(lastRequest, inner.lastRequest)
    if (Date.now() - lastRequest > times.requestEvery) {
      lastRequest = Date.now()
      // Only its being sent counts; who wants to know the answer asks himself.
      client.invoke(new Api.updates.GetState()).catch(() => undefined)
    }
  }
}

async function answers(sender: Sender, times: KeepAliveTimes): Promise<boolean> {
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
