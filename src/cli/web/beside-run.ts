import { systemClock } from '../../base/clock.ts'
import type { Settings } from '../../config/settings.ts'
import { healthRoutes } from '../../http/health.ts'
import { beat } from '../../http/heartbeat.ts'
import { HttpServer } from '../../http/server.ts'
import type { StatusPort } from '../../http/status-port.ts'
import type { Report } from '../../base/life/report.ts'
import { listening } from './listening.ts'
import { type ServedPage, servePage } from './serve-page.ts'

export interface BesideRun {
  health?: string | true | undefined
  /** The page too, and health with it. */
  web?: string | true | undefined
  insecureHttp?: boolean | undefined
}

/** Serves health or the page, and beats, while `use` goes on. */
export async function besideRun<T>(
  flags: BesideRun,
  settings: Settings,
  status: StatusPort,
  report: Report,
  use: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  const server = flags.health === undefined ? null : await serveHealth(flags.health, settings, status, report)
  const page = await pageBeside(flags, settings, status, report).catch(async (error: unknown) => {
    await server?.close()
    throw error
  })
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
    await page?.close()
    await server?.close()
  }
}

async function pageBeside(
  { web, insecureHttp }: BesideRun,
  settings: Settings,
  status: StatusPort,
  report: Report,
): Promise<ServedPage | null> {
  if (web === undefined) return null
  const page = await servePage(settings, { address: web, insecureHttp }, report, status)
  // Standard output is the command's.
  if (page.url !== null) process.stderr.write(`tgsession: open ${page.url}\n`)
  return page
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
    // A named address is reached directly, past the router.
    behindTls: behindTls && !hostGiven,
    routes: healthRoutes(status, { open: hostGiven }),
    clock: systemClock,
  })
  report('http.listening', { address: `${server.address.host}:${server.address.port}`, for: 'health' })
  return server
}
