import type { Clock } from '../base/clock.ts'
import type { Report } from '../base/life/report.ts'
import type { Settings } from '../config/settings.ts'
import { healthRoutes } from '../http/health.ts'
import { beat } from '../http/heartbeat.ts'
import { HttpServer } from '../http/server.ts'
import type { StatusPort } from '../http/status-port.ts'
import { listening } from './listening.ts'

export interface HealthParts {
  settings: Pick<Settings, 'platform' | 'port' | 'webToken' | 'heartbeat'>
  status: StatusPort
  report: Report
  clock: Clock
}

/**
 * Answers health and metrics at `address` (`[HOST:]PORT`; true: `$PORT`), if one is given, and beats, if TGSESSION_HEARTBEAT
 * is set, until what this returns is called.
 * @throws UsageError http.address; ConfigurationError http.listen
 */
export async function tellHealth(
  address: string | true | undefined,
  { settings, status, report, clock }: HealthParts,
): Promise<() => Promise<void>> {
  const server = address === undefined ? null : await serve(address, { settings, status, report, clock })
  const over = new AbortController()
  const isWell = (): boolean => {
    const { waitingFor, dead, frozen } = status.snapshot()
    return waitingFor === null && !dead && !frozen
  }
  if (settings.heartbeat !== undefined)
    void beat({ url: settings.heartbeat, isWell, clock, signal: over.signal })
  return async () => {
    over.abort()
    await server?.close()
  }
}

async function serve(
  where: string | true,
  { settings, status, report, clock }: HealthParts,
): Promise<HttpServer> {
  const { address, hostGiven, behindTls } = listening(where, settings)
  const server = await HttpServer.start({
    address,
    token: settings.webToken,
    // A named address is reached directly, past the router.
    behindTls: behindTls && !hostGiven,
    routes: healthRoutes(status, { open: hostGiven }),
    clock,
  })
  report('http.listening', { address: `${server.address.host}:${server.address.port}`, for: 'health' })
  return server
}
