import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { Environment } from '../../../../src/config/settings.ts'
import { freshBucket } from '../../ceph/fresh-bucket.ts'
import { SmallDisk } from '../disk.ts'
import { Network } from './network.ts'
import type { NetworkMoment } from '../plan.ts'
import { S3Server } from '../../store/s3-server.ts'
import { SqlProxy } from '../../store/sql-proxy.ts'
import { testDatabase, withPort } from '../../store/sql-servers.ts'
import { WeatherFile } from './weather.ts'

/** How one dyno sees the store. */
export interface WayToStore {
  env: Environment
  /** From now on nothing answers, or everything does again: over HTTP and in a folder also what was asked meanwhile. */
  silence(on: boolean): void
  /** The same for writes of the head alone. What is lost on its way to an SQL server is not done afterwards. */
  holdWrites(on: boolean): void
  /** Milliseconds that every other write of the head takes before it is done; an SQL server never gets those. */
  slow(ms: number): void
  close(): Promise<void>
}

export interface ChaosStore {
  kind: 'file' | 'http' | 'sql'
  /** Where it lies, if it is a disk that can be filled. */
  disk?: SmallDisk | undefined
  /** Past all faults, for the judge. */
  env: Environment
  way(onPut: (moment: NetworkMoment) => void): Promise<WayToStore>
  close(): Promise<void>
}

export interface ChaosStoreOptions {
  /**
   * `file`, `s3` (a server in this process), `ceph` (a real one, see ../ceph), `postgres` (the one of the tests), or the
   * URL of a store over S3 or Postgres.
   */
  which: string
  folder: string
  random: () => number
  lateMs: number
  onFault: (what: string) => void
  withDisks: boolean
}

const STORE_DISK_MB = 16

/** A fresh store, and bad ways to it: over HTTP and SQL everything that a network does. */
export async function openChaosStore(options: ChaosStoreOptions): Promise<ChaosStore> {
  const { which } = options
  if (which === 'file') return await smallFileStore(path.join(options.folder, 'store'), options)
  if (which.startsWith('file:')) return fileStore(`${which}/${randomUUID()}`, options.folder)
  if (which === 's3') {
    const server = await S3Server.start()
    // The SDK finds credentials in this process's environment, for the judge, and in the dynos'.
    const keys = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: 'secret' }
    Object.assign(process.env, keys)
    return httpStore(server.url('chaos'), keys, options, () => server.close())
  }
  if (which === 'ceph') return await cephStore(options)
  if (which.startsWith('s3:')) {
    const url = new URL(which)
    url.pathname = path.posix.join(url.pathname, `chaos-${randomUUID()}`)
    return httpStore(url.href, {}, options)
  }
  if (which.startsWith('postgres')) return await postgresStore(which, options)
  throw new Error(`no chaos on ${which}: give file, s3, ceph, postgres, or the URL of a store`)
}

const nothing = (): Promise<void> => Promise.resolve()

function fileStore(url: string, folder: string): ChaosStore {
  const env = { TGSESSION_STORE: url }
  let ways = 0
  const way = async (): Promise<WayToStore> => {
    const file = path.join(folder, `weather-${++ways}`)
    const weather = new WeatherFile(file)
    return {
      env: { ...env, CHAOS_WEATHER: file },
      silence: (isSilent) => weather.set({ isSilent }),
      holdWrites: (holdsWrites) => weather.set({ holdsWrites }),
      slow: (slowMs) => weather.set({ slowMs }),
      close: nothing,
    }
  }
  return { kind: 'file', env, way, close: nothing }
}

async function smallFileStore(
  folder: string,
  { folder: own, withDisks }: ChaosStoreOptions,
): Promise<ChaosStore> {
  if (!withDisks) return fileStore(`file:${folder}`, own)
  const disk = await SmallDisk.mount(folder, STORE_DISK_MB)
  // A folder of its own: the filler is none of the store's business.
  return { ...fileStore(`file:${path.join(folder, 'objects')}`, own), disk, close: () => disk.unmount() }
}

async function cephStore(options: ChaosStoreOptions): Promise<ChaosStore> {
  const { url, keys, stop } = await freshBucket()
  Object.assign(process.env, keys)
  return httpStore(url, keys, options, stop)
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
      return {
        env: { ...keys, TGSESSION_STORE: url.href },
        silence: (on) => network.silence(on),
        holdWrites: (on) => network.silence(on, true),
        slow: (ms) => network.slow(ms),
        close: () => network.close(),
      }
    },
    close,
  }
}

const isHead = (data: Buffer): boolean => partWritten(data) === 'head'

async function postgresStore(which: string, { random, onFault }: ChaosStoreOptions): Promise<ChaosStore> {
  const database = await testDatabase('postgres', which === 'postgres' ? undefined : which)
  return {
    kind: 'sql',
    env: { TGSESSION_STORE: database.url },
    way: async (onPut) => {
      const proxy = await SqlProxy.start(database.url, (data) => {
        const part = partWritten(data)
        if (part) onPut(`put.${part}.before`)
        return part && (() => onPut(`put.${part}.after`))
      })
      let [isPlanned, isSlow] = [false, false]
      const timer = setInterval(() => {
        if (isPlanned && proxy.mishaps > 0) {
          onFault('sql')
          isPlanned = false
        }
        if (isPlanned || isSlow || random() > 0.1) return
        isPlanned = true
        proxy.plan('head.json', random() < 0.4 ? 'cut' : random() < 0.7 ? 'cut answer' : 'swallow')
      }, 300)
      return {
        env: { TGSESSION_STORE: withPort(database.url, proxy.port) },
        silence: (on) => proxy.silence(on),
        holdWrites: (on) => {
          isSlow = on
          proxy.lose(on ? isHead : undefined, 1)
        },
        slow: (ms) => {
          isSlow = ms > 0
          proxy.lose(isSlow ? isHead : undefined, 2)
        },
        close: async () => {
          clearInterval(timer)
          await proxy.close()
        },
      }
    },
    close: () => database.drop(),
  }
}

/** Of the head's body the names of revisions are a part, and not the other way round. */
function partWritten(statement: Buffer): 'head' | 'revision' | undefined {
  if (!/(?:insert into|update) "tgsession_objects"/.test(statement.toString('latin1'))) return undefined
  return statement.includes('/head.json') ? 'head' : 'revision'
}
