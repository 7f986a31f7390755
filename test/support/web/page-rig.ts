import { type Browser, chromium } from 'playwright-core'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { HttpServer } from '../../../src/http/server.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { MemoryStore } from '../../../src/store/memory/memory-store.ts'
import type { ObjectStore } from '../../../src/store/store.ts'
import { type LoginReplica, PageLogin } from '../../../src/web/page-login.ts'
import { pageRoutes } from '../../../src/web/routes.ts'
import { StateReader } from '../../../src/web/session-state.ts'
import { CHROMIUM } from '../requires.ts'
import { API_HASH, API_ID, openTestReplica } from '../rig.ts'

export const TOKEN = 'a-token-that-is-long-enough-to-be-one'

export interface PageRig {
  server: HttpServer
  port: number
  replica: Replica
  login: PageLogin
  reported: string[]
  close: () => Promise<void>
}

export interface PageRigOptions {
  store?: ObjectStore
  mayReplace?: boolean
  clock?: Clock
  api?: { apiId: number; apiHash: string } | null
  waitingFor?: (() => string | null) | null
  wrap?: (replica: Replica) => LoginReplica
}

/** The page as `tgsession web` serves it, in this process. */
export async function servePageFor(dc: FakeDc, options: PageRigOptions = {}): Promise<PageRig> {
  const { store = new MemoryStore(), mayReplace = false, clock = systemClock, waitingFor = null } = options
  const replica = openTestReplica(store, 'web.1')
  const reported: string[] = []
  const { host, port, dcId: id, publicKeyPem } = dc
  const state = new StateReader(replica, clock)
  const login = new PageLogin({
    replica: options.wrap?.(replica) ?? replica,
    api: options.api === undefined ? { apiId: API_ID, apiHash: API_HASH } : options.api,
    dc: { host, port, id, publicKeyPem },
    mayReplace,
    clock,
    onChange: () => state.forget(),
    report: (event, fields) => reported.push(`${event} ${JSON.stringify(fields)}`),
  })
  const where = 'it stands <b>where</b> the test put it'
  const server = await HttpServer.start({
    address: { host: '127.0.0.1', port: 0 },
    token: TOKEN,
    behindTls: false,
    routes: await pageRoutes({ state, login, mayReplace, where, waitingFor }),
    clock,
  })
  const close = async (): Promise<void> => {
    await server.close()
    await login.close()
  }
  return { server, port: server.address.port, replica, login, reported, close }
}

export async function openBrowser(): Promise<Browser> {
  // Its own sandbox needs rights that containers and root lack.
  return await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
}
