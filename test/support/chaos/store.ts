import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Environment } from '../../src/config/settings.ts'
import { Network } from './chaos-network.ts'
import type { NetworkMoment } from './chaos-plan.ts'
import { S3Server } from './s3-server.ts'
import { SqlProxy } from './sql-proxy.ts'
import { testDatabase, withPort } from './sql-servers.ts'

/** How one dyno sees the store. */
export interface WayToStore {
  env: Environment
  close(): Promise<void>
}

export interface ChaosStore {
  kind: 'file' | 'http' | 'other'
  /** Past all faults, for the judge. */
  env: Environment
  way(onPut: (moment: NetworkMoment) => void): Promise<WayToStore>
  close(): Promise<void>
}

export interface ChaosStoreOptions {
  /** `file`, `s3` (a server in this process), `postgres` (the one of the tests), or the URL of a store over S3 or SQL. */
  which: string
  folder: string
  random: () => number
  lateMs: number
  onFault: (what: string) => void
}

/** A fresh store, and bad ways to it: over HTTP and SQL everything that a network does. */
export async function openChaosStore(options: ChaosStoreOptions): Promise<ChaosStore> {
  const { which } = options
  if (which === 'file') return fileStore(`file:${path.join(options.folder, 'store')}`)
  if (which.startsWith('file:')) return fileStore(`${which}/${randomUUID()}`)
  if (which === 's3') {
    const server = await S3Server.start()
    // The SDK finds credentials in this process's environment, for the judge, and in the dynos'.
    const keys = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: 'secret' }
    Object.assign(process.env, keys)
    return httpStore(server.url('chaos'), keys, options, () => server.close())
  }
  if (which.startsWith('s3:')) {
    const url = new URL(which)
    url.pathname = path.posix.join(url.pathname, `chaos-${randomUUID()}`)
    return httpStore(url.href, {}, options)
  }
  if (which.startsWith('postgres')) return await postgresStore(which, options)
  throw new Error(`no chaos on ${which}: give file, s3, postgres, or the URL of a store`)
}

const nothing = (): Promise<void> => Promise.resolve()

function fileStore(url: string): ChaosStore {
  const env = { TGSESSION_STORE: url }
  return { kind: 'file', env, way: async () => ({ env, close: nothing }), close: nothing }
}

function httpStore(
  direct: string,
  keys: Environment,
  { random, lateMs, onFault }: ChaosStoreOptions,
  close = nothing,
): ChaosStore {
  const endpoint = new URL(direct).searchParams.get('endpoint')
  if (endpoint === null) throw new Error('name the endpoint of the S3 server: ?endpoint=http://…')
  return {
    kind: 'http',
    env: { ...keys, TGSESSION_STORE: direct },
    way: async (onPut) => {
      const network = await Network.open({ upstream: endpoint, random, rate: 0.08, lateMs, onFault, onPut })
      const url = new URL(direct)
      url.searchParams.set('endpoint', network.endpoint)
      return { env: { ...keys, TGSESSION_STORE: url.href }, close: () => network.close() }
    },
    close,
  }
}

async function postgresStore(which: string, { random, onFault }: ChaosStoreOptions): Promise<ChaosStore> {
  const database = await testDatabase('postgres', which === 'postgres' ? undefined : which)
  return {
    kind: 'other',
    env: { TGSESSION_STORE: database.url },
    way: async () => {
      const proxy = await SqlProxy.start(database.url)
      let isPlanned = false
      const timer = setInterval(() => {
        if (isPlanned && proxy.mishaps > 0) {
          onFault('sql')
          isPlanned = false
        }
        if (isPlanned || random() > 0.1) return
        isPlanned = true
        proxy.plan('head.json', random() < 0.4 ? 'cut' : random() < 0.7 ? 'cut answer' : 'swallow')
      }, 300)
      return {
        env: { TGSESSION_STORE: withPort(database.url, proxy.port) },
        close: async () => {
          clearInterval(timer)
          await proxy.close()
        },
      }
    },
    close: () => database.drop(),
  }
}
