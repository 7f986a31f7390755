/**
 * Push, pull and restore of sessions against a local S3 server, beside the SDK's plain put and get of the same bytes,
 * and beside the recipe of Telethon's documentation (fetch the file, open it). Whole processes; every round runs each
 * program once, and the ratios are medians over the rounds.
 *
 *     node bench/replica.ts [--runs 7] [--size 0.1 …] [--root CHECKOUT] [--cache] [--json]
 *
 * Sizes are in MB (10^6 bytes). It measures the dist/ of CHECKOUT (this one unless given). Where that is older than its
 * sources, HEAD is built in a temporary folder. --cache: with a warm NODE_COMPILE_CACHE, also for the SDK alone. The server
 * is Ceph where its programs are installed, else one in this process. Needs GNU time for the memory.
 */
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startS3 } from '../test/support/ceph/ceph-server.ts'
import { missing, PYTHON } from '../test/support/requires.ts'
import { S3Server } from '../test/support/store/s3-server.ts'
import { makeSession } from './session-of-size.ts'
import { median } from './stage.ts'

/** `readyMs`: until the process says that its work is done; `endMs`: until it has ended. */
interface Run {
  readyMs: number
  endMs: number
  peakMb: number
}
interface Row extends Run {
  worstReadyMs: number
  /** Against the recipe and against the plain put or get, whole processes; `toFile`: its ready to their end. */
  recipe: number
  toFile: number
  plain: number
}
interface SizeReport {
  mb: number
  bytes: number
  rows: Record<string, Row>
}
interface Target {
  target: string
  reached: boolean
  found: string
}

const TIME = '/usr/bin/time'
const RECIPE = "Telethon's recipe"
const RESTORE = 'restore (run)'
const PLAIN = { put: 'SDK put', get: 'SDK get' }
/** The smallest is what memory is counted from. */
const EMPTY = 0
/** A hanging program is a failure, not a result. */
const LIMIT_MS = 120_000

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    size: { type: 'string', multiple: true, default: ['0.1', '7', '70'] },
    root: { type: 'string', default: path.join(import.meta.dirname, '..') },
    cache: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const runs = Number(flags.runs)
const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-bench-'))

/** Another content of the same size, so that there is something to push. */
function touch(file: string, run: number): void {
  const db = new DatabaseSync(file)
  db.prepare('insert or replace into update_state values (0, ?, 0, 0, 0)').run(run)
  db.close()
}

/** Ready is what its output says first; `run` says it when the verified file lies in its place, under the lease. */
async function measure(command: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const usage = path.join(folder, 'usage')
  const hasTime = existsSync(TIME)
  const [program = '', ...args] = hasTime ? [TIME, '-q', '-o', usage, '-f', '%M', ...command] : command
  const began = performance.now()
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS })
  let readyMs = Number.NaN
  let errors = ''
  const ready = (): void => void (Number.isNaN(readyMs) && (readyMs = performance.now() - began))
  child.stdout.on('data', ready)
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString()
    if (errors.includes('event=session.restored')) ready()
  })
  const ended = new Promise((resolve) => child.once('exit', () => resolve(performance.now() - began)))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0 || Number.isNaN(readyMs))
    throw new Error(`${command.join(' ')} ended with ${code}: ${errors}`)
  const peakMb = hasTime ? (Number(readFileSync(usage, 'utf8')) * 1024) / 1e6 : Number.NaN
  return { readyMs, endMs: Number(await ended), peakMb }
}

/** This checkout if its dist/ is as new as its sources, else HEAD, built elsewhere. */
function builtRoot(root: string): string {
  const newest = (pattern: string): number =>
    Math.max(0, ...globSync(pattern, { cwd: root }).map((file) => statSync(path.join(root, file)).mtimeMs))
  if (newest('dist/src/**/*.js') > newest('src/**/*.ts')) return root
  const clone = path.join(folder, 'head')
  execFileSync('git', ['clone', '--quiet', root, clone])
  symlinkSync(path.join(root, 'node_modules'), path.join(clone, 'node_modules'))
  execFileSync('npm', ['run', 'build'], { cwd: clone, stdio: 'ignore' })
  return clone
}

interface Server {
  name: string
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  bucket: string
  stop(): Promise<void>
}

async function startServer(): Promise<Server> {
  if (missing.s3() !== false) {
    const server = await S3Server.start()
    const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: 'secret' }
    const { endpoint, bucket } = server
    return { name: 'a server in this process', endpoint, bucket, credentials, stop: () => server.close() }
  }
  const named = (process.env['AWS_ENDPOINT_URL_S3'] ?? '') !== ''
  const server = await startS3()
  const { endpoint, credentials } = server
  const bucket = server.bucket ?? `bench-${randomBytes(6).toString('hex')}`
  if (server.bucket === undefined) {
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
  }
  return { name: named ? endpoint : 'Ceph', endpoint, credentials, bucket, stop: () => server.stop() }
}

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

class Bench {
  readonly #server: Server
  readonly #root: string
  readonly #url: string
  readonly #program = path.join(folder, 'program.mjs')
  readonly #env: NodeJS.ProcessEnv

  constructor(server: Server, root: string, url: string) {
    this.#server = server
    this.#root = root
    this.#url = url
    const source = readFileSync(path.join(import.meta.dirname, 'replica-program.ts'), 'utf8')
    writeFileSync(this.#program, stripTypeScriptTypes(source))
    const where = `?region=us-east-1&endpoint=${encodeURIComponent(server.endpoint)}`
    this.#env = {
      PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      BENCH_ENDPOINT: server.endpoint,
      TGSESSION_STORE: `s3://${server.bucket}/bench-${randomBytes(4).toString('hex')}${where}`,
      TGSESSION_KEY: randomBytes(32).toString('hex'),
      ...(flags.cache && { NODE_COMPILE_CACHE: path.join(folder, 'compile-cache') }),
    }
  }

  async size(mb: number): Promise<SizeReport> {
    const name = `size-${mb}`.replace('.', '-')
    const file = path.join(folder, `${name}.session`)
    await makeSession(file, mb * 1e6)
    const found: Record<string, Run[]> = {}
    // The first round fills the caches of the disk and of the compiler, and does not count.
    for (let run = 0; run <= runs; run++) {
      touch(file, run)
      for (const [program, result] of Object.entries(await this.#round(name, file, run)))
        if (run > 0) (found[program] ??= []).push(result)
    }
    return {
      mb,
      bytes: statSync(file).size,
      rows: Object.fromEntries(Object.keys(found).map((program) => [program, rowOf(found, program)])),
    }
  }

  #node(...args: string[]): string[] {
    return [process.execPath, this.#program, this.#root, ...args]
  }

  async #round(name: string, file: string, run: number): Promise<Record<string, Run>> {
    const { bucket } = this.#server
    const out = path.join(folder, 'out')
    mkdirSync(out)
    const key = `plain/${name}`
    const to = (base: string): string => path.join(out, `${base}.session`)
    const cli = [process.execPath, path.join(this.#root, 'dist', 'src', 'cli', 'main.js')]
    const env = { ...this.#env, TGSESSION_NAME: name }
    const served = path.join(folder, 'served.session')
    copyFileSync(file, served)
    const commands: Record<string, string[]> = {
      [PLAIN.put]: this.#node('put', bucket, key, file),
      'push, first': [...cli, 'push', file, '--json'],
      push: [...cli, 'push', file, '--json'],
      [PLAIN.get]: this.#node('get', bucket, key, to('get')),
      [RECIPE]: [
        PYTHON,
        path.join(import.meta.dirname, 'replica_telethon.py'),
        `${this.#url}/served.session`,
        to('recipe'),
      ],
      [RESTORE]: [...cli, 'run', '--file', to('restore'), '--', '/bin/true'],
      pull: [...cli, 'pull', to('pull'), '--json'],
    }
    const results: Record<string, Run> = {}
    for (const [program, command] of Object.entries(commands)) {
      if (program === RECIPE && missing.telethon() !== false) continue
      const own = program === 'push, first' ? { ...env, TGSESSION_NAME: `${name}-${run}` } : env
      results[program] = await measure(command, own)
    }
    for (const base of ['get', 'restore', 'pull', 'recipe'])
      if (existsSync(to(base)) && sha256(to(base)) !== sha256(file))
        throw new Error(`${base} is another file`)
    rmSync(out, { recursive: true })
    return results
  }
}

function rowOf(found: Record<string, Run[]>, program: string): Row {
  const of = (what: keyof Run): number => median((found[program] ?? []).map((run) => run[what]))
  const ratio = (to: string, what: 'readyMs' | 'endMs'): number => {
    const others = found[to] ?? []
    return median((found[program] ?? []).map((run, k) => run[what] / (others[k]?.endMs ?? Number.NaN)))
  }
  return {
    readyMs: of('readyMs'),
    worstReadyMs: Math.max(...(found[program] ?? []).map((run) => run.readyMs)),
    endMs: of('endMs'),
    peakMb: of('peakMb'),
    recipe: ratio(RECIPE, 'endMs'),
    toFile: ratio(RECIPE, 'readyMs'),
    plain: ratio(program.startsWith('push') || program === PLAIN.put ? PLAIN.put : PLAIN.get, 'endMs'),
  }
}

function targetsOf({ mb, bytes, rows }: SizeReport, empty: SizeReport): Target[] {
  const restore = rows[RESTORE]
  if (mb === EMPTY || !restore) return []
  const above = (restore.peakMb - (empty.rows[RESTORE]?.peakMb ?? Number.NaN)) / (bytes / 1e6)
  const most = mb > 7 ? 5 : 1.5
  const memory = {
    target: 'peak memory at most 4 times the file above an empty restore',
    reached: above <= 4,
    found: `${above.toFixed(1)} times`,
  }
  return [
    {
      target: `restore to the file within ${most} times the recipe`,
      reached: restore.toFile <= most,
      found: `${restore.toFile.toFixed(2)} times (whole processes: ${restore.recipe.toFixed(2)})`,
    },
    // Two starts of the same program differ by more than the memory of a smaller file.
    ...(mb < 1 ? [] : [memory]),
  ]
}

function line(name: string, cells: string[]): void {
  console.log(name.padEnd(30) + cells.map((cell) => cell.padStart(10)).join(''))
}

function print(report: SizeReport, empty: SizeReport): void {
  const { bytes, rows } = report
  const columns = ['ready ms', 'worst', 'end ms', 'x recipe', 'to file', 'x SDK', 'peak MB', 'x file']
  console.log()
  line(`${(bytes / 1e6).toFixed(2)} MB, ${runs} rounds`, columns)
  for (const [program, row] of Object.entries(rows)) {
    const above = (row.peakMb - (empty.rows[program]?.peakMb ?? Number.NaN)) / (bytes / 1e6)
    const times = [row.readyMs, row.worstReadyMs, row.endMs].map((ms) => ms.toFixed(0))
    const ratios = [row.recipe, row.toFile, row.plain].map((ratio) => ratio.toFixed(2))
    line(program, [...times, ...ratios, row.peakMb.toFixed(0), report === empty ? '' : above.toFixed(1)])
  }
  for (const { target, reached, found } of targetsOf(report, empty))
    console.log(`  ${reached ? 'reached' : 'MISSED '}  ${target}: ${found}`)
}

// From memory and in one piece, so that the recipe is measured and not this server.
const files = createServer((request, response) => {
  response.end(readFileSync(path.join(folder, path.basename(request.url ?? ''))))
})
try {
  const root = builtRoot(path.resolve(flags.root))
  const server = await startServer()
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  const address = files.address()
  const port = typeof address === 'object' ? address?.port : undefined
  try {
    const bench = new Bench(server, root, `http://127.0.0.1:${port}`)
    const reports: SizeReport[] = []
    const empty = await bench.size(EMPTY)
    if (!flags.json) {
      console.log(`S3: ${server.name}; Node ${process.version}; load ${loadavg()[0]?.toFixed(1)}; ${root}`)
      console.log('x recipe, x SDK: whole processes; to file: our ready to the end of the recipe')
    }
    for (const report of [empty, ...flags.size.map(Number)]) {
      const done = typeof report === 'number' ? await bench.size(report) : report
      reports.push(done)
      if (!flags.json) print(done, empty)
    }
    if (flags.json) {
      const sizes = reports.map((report) => ({ ...report, targets: targetsOf(report, empty) }))
      console.log(JSON.stringify({ server: server.name, node: process.version, runs, sizes }, null, 2))
    }
  } finally {
    files.close()
    await server.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
