import { systemClock } from '../../base/clock.ts'
import { openReplica } from '../../config/open-replica.ts'
import type { Settings } from '../../config/settings.ts'
import { healthRoutes } from '../../http/health.ts'
import { HttpServer } from '../../http/server.ts'
import type { StatusPort } from '../../http/status-port.ts'
import { freshToken } from '../../http/token.ts'
import type { DataCentre } from '../../login/login.ts'
import type { Report } from '../../base/life/report.ts'
import { PageLogin } from '../../web/page-login.ts'
import { lockedRoutes, pageRoutes } from '../../web/routes.ts'
import { StateReader } from '../../web/session-state.ts'
import { listening, refusePlainHttp } from '../../run/listening.ts'

export interface PageFlags {
  /** `[HOST:]PORT`, or `$PORT`. */
  address: string | true
  replace?: boolean | undefined
  insecureHttp?: boolean | undefined
  dc?: DataCentre | undefined
}

export interface ServedPage {
  /** What a person opens: with the token in the fragment, which no server and no router sees. Null on a host. */
  url: string | null
  login: PageLogin
  close: () => Promise<void>
}

/**
 * Serves the page until `close`. Of the key it takes the public half only.
 * @throws ConfigurationError web.insecure, http.listen
 * @throws UsageError http.address
 */
export async function servePage(
  settings: Settings,
  flags: PageFlags,
  report: Report,
  status: StatusPort | null,
): Promise<ServedPage> {
  const where = listening(flags.address, settings)
  refusePlainHttp(where, flags.insecureHttp ?? false)
  const { platform, webToken, apiId, apiHash } = settings
  const token = webToken ?? (platform ? undefined : freshToken())
  const replica = await openReplica({ ...settings, identities: [] })
  const state = new StateReader(replica, systemClock)
  const login = new PageLogin({
    replica,
    api: apiId === undefined || apiHash === undefined ? null : { apiId, apiHash },
    dc: flags.dc,
    mayReplace: flags.replace ?? false,
    clock: systemClock,
    onChange: () => state.forget(),
    report,
  })
  const close = async (): Promise<void> => {
    await login.close()
    await replica.store.close()
  }
  try {
    const place = whereIsTheToken(settings)
    const page =
      token === undefined
        ? lockedRoutes(place)
        : await pageRoutes({
            state,
            login,
            mayReplace: flags.replace ?? false,
            where: place,
            waitingFor: status && (() => status.snapshot().waitingFor),
          })
    const server = await HttpServer.start({
      address: where.address,
      token,
      behindTls: where.behindTls,
      routes: { ...healthRoutes(status, { open: false }), ...page },
      clock: systemClock,
      onError: ({ name }) => report('http.failed', { error: name }),
    })
    report('http.listening', { address: `${server.address.host}:${server.address.port}`, for: 'page' })
    if (token === undefined) report('web.locked', { message: `TGSESSION_WEB_TOKEN is not set: ${place}` })
    return {
      url: token === undefined || platform ? null : `${server.url}/#t=${encodeURIComponent(token)}`,
      login,
      close: async () => {
        await server.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function whereIsTheToken({ platform, webToken }: Settings): string {
  if (platform) return `TGSESSION_WEB_TOKEN is at ${platform.variables}`
  return webToken === undefined
    ? 'it stands behind #t= in the address that tgsession printed'
    : 'it is what TGSESSION_WEB_TOKEN was set to where tgsession was started'
}
