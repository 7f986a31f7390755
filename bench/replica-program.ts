/**
 * The Node programs that bench/replica.ts measures, which starts this with its types stripped:
 *
 *     ROOT restore FILE | profile FILE | get BUCKET KEY FILE | put BUCKET KEY FILE
 *
 * ROOT is a checkout with dist/ built. Each prints `ready` when what it is for is done; `profile` prints JSON instead.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

const booted = performance.now()
const [root = '', mode, ...args] = process.argv.slice(2)
const require = createRequire(path.join(root, 'package.json'))

const dist = (name: string): string => pathToFileURL(path.join(root, 'dist', 'src', name)).href
const installed = (name: string): string => pathToFileURL(require.resolve(name)).href
type OpenReplica = typeof import('../src/config/open-replica.ts')
type ReadSettings = typeof import('../src/config/settings.ts')
type PlaceFile = typeof import('../src/session/place-file.ts')
type Sql = typeof import('../src/session/sql.ts')
type Inspect = typeof import('../src/session/inspect.ts')
type Sdk = typeof import('@aws-sdk/client-s3')
type Age = typeof import('age-encryption')
const imports = {
  openReplica: (): Promise<OpenReplica> => import(dist('config/open-replica.js')),
  settings: (): Promise<ReadSettings> => import(dist('config/settings.js')),
  placeFile: (): Promise<PlaceFile> => import(dist('session/place-file.js')),
  sql: (): Promise<Sql> => import(dist('session/sql.js')),
  inspect: (): Promise<Inspect> => import(dist('session/inspect.js')),
  sdk: (): Promise<Sdk> => import(installed('@aws-sdk/client-s3')),
  age: (): Promise<Age> => import(installed('age-encryption')),
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const ready = (): void => void writeSync(1, 'ready\n')

/** Start to verified file, under the lease, as a program of one's own would do it. */
async function restore(file: string): Promise<void> {
  const [{ openReplica }, { readSettings }, { placeFile }] = await Promise.all([
    imports.openReplica(),
    imports.settings(),
    imports.placeFile(),
  ])
  const replica = await openReplica(await readSettings(process.env, { store: true }))
  const lease = await replica.lease()
  const { bytes } = await replica.restore({ lease, signal: lease.signal })
  await placeFile(file, bytes)
  ready()
  await lease.release()
  await replica.store.close()
}

/** The same, step after step, and what else the way there and back is made of. */
async function profile(file: string): Promise<void> {
  const steps: Record<string, { ms: number; rssMb: number }> = {}
  const mark = (name: string, ms: number): void => {
    steps[name] = { ms, rssMb: process.memoryUsage.rss() / 1e6 }
  }
  const step = async <T>(name: string, work: () => Promise<T> | T): Promise<T> => {
    const began = performance.now()
    const result = await work()
    mark(name, performance.now() - began)
    return result
  }
  mark('Node boots', booted)
  const { readSettings } = await step('import settings (zod)', imports.settings)
  const { openReplica } = await step('import the replica (age)', imports.openReplica)
  const { placeFile } = await imports.placeFile()
  const settings = await step('read settings', () => readSettings(process.env, { store: true }))
  const replica = await step('open the store', () => openReplica(settings))
  await step('import the SDK', imports.sdk)
  await step('S3 client, read the head', () => replica.status())
  await step('read the head again', () => replica.status())
  const lease = await step('take the lease', () => replica.lease())
  const { current } = await replica.status()
  if (!current?.key.endsWith('.age')) throw new Error('the stored session is not encrypted')
  const found = await step('get the object', () => replica.store.get(`${replica.name}/${current.key}`))
  if (!found) throw new Error('no object')
  const { Decrypter, Encrypter } = await imports.age()
  await step('sha256 of it', () => sha256(found.bytes))
  const packed = await step('age decrypts', () => {
    const decrypter = new Decrypter()
    for (const identity of settings.identities) decrypter.addIdentity(identity)
    return decrypter.decrypt(found.bytes)
  })
  const plain = await step('zstd unpacks', () => promisify(zstdDecompress)(packed))
  await step('sha256 of the file', () => sha256(plain))
  const { SqlDatabase } = await step('import sql.js', imports.sql)
  await step('start SQLite (WASM)', async () => (await SqlDatabase.open()).close())
  const db = await step('SQLite takes the bytes', () => SqlDatabase.open(new Uint8Array(plain)))
  await step('quick_check', () => db.get('pragma quick_check(1)'))
  db.close()
  const { verifySession } = await imports.inspect()
  await step('(all of verifySession again)', () => verifySession(plain))
  await step('place the file (fsync)', () => placeFile(file, plain))
  await step('release the lease', () => lease.release())
  const repacked = await step('(back: zstd packs)', () => promisify(zstdCompress)(plain))
  await step('(back: age encrypts)', () => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(settings.recipient ?? '')
    return encrypter.encrypt(repacked)
  })
  await replica.store.close()
  process.stdout.write(`${JSON.stringify(steps)}\n`)
}

async function plainObject(kind: 'get' | 'put', bucket: string, key: string, file: string): Promise<void> {
  const { S3Client, GetObjectCommand, PutObjectCommand } = await imports.sdk()
  const endpoint = process.env['BENCH_ENDPOINT'] ?? ''
  const client = new S3Client({
    region: 'us-east-1',
    endpoint,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const at = { Bucket: bucket, Key: key }
  if (kind === 'put') await client.send(new PutObjectCommand({ ...at, Body: readFileSync(file) }))
  else {
    const { Body } = await client.send(new GetObjectCommand(at))
    writeFileSync(file, (await Body?.transformToByteArray()) ?? '')
  }
  ready()
  client.destroy()
}

const [first = '', second = '', third = ''] = args
if (mode === 'restore') await restore(first)
else if (mode === 'profile') await profile(first)
else if (mode === 'get' || mode === 'put') await plainObject(mode, first, second, third)
else throw new Error(`no such program: ${mode}`)
