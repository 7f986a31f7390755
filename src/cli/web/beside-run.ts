import { systemClock } from '../../base/clock.ts'
import type { Settings } from '../../config/settings.ts'
import { healthRoutes } from '../../http/health.ts'
import { beat } from '../../http/heartbeat.ts'
import { HttpServer } from '../../http/server.ts'
import type { StatusPort } from '../../http/status-port.ts'
import type { Report } from '../../run/report.ts'
import { listening } from './listening.ts'

export interface BesideRun {
  health?: string | true | undefined
}

/** Serves health, and beats, while `use` goes on. */
export async function besideRun<T>(
  flags: BesideRun,
  settings: Settings,
  status: StatusPort,
  report: Report,
  use: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const server = flags.health === undefined ? null : await serveHealth(flags.health, settings, status, report)
  if (settings.heartbeat !== undefined) {
    const isWell = (): boolean => {
      const { waitingFor, dead, frozen } = status.snapshot()
      return waitingFor === null && !dead && !frozen
    }
    void beat({ url: settings.heartbeat, isWell, clock: systemClock, signal: over.signal })
  }
  try {
    return await use()
  } finally {
    over.abort()
    await server?.close()
  }
}

async function serveHealth(
  flag: string | true,
  settings: Settings,
  status: StatusPort,
  report: Report,
): Promise<HttpServer> {
  const { address, hostGiven, behindTls } = listening(flag, settings)
  const server = await HttpServer.start({
    address,
    token: settings.webToken,
    // Who names an address asks there himself, past the router.
    behindTls: behindTls && !hostGiven,
    routes: healthRoutes(status, { open: hostGiven }),
    clock: systemClock,
  })
  report('http.listening', { address: `${server.address.host}:${server.address.port}`, for: 'health' })
  return server
}
