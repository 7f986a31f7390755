/**
 * What a save uploads and costs while a session is used: as a patch, whole (as every save was before), and the size that
 * `zstd --patch-from` would make of it. Then a restore with a patch beside one without, and the day of a busy bot.
 *
 *     node bench/saves.ts [--store file|ceph|postgres …] [--size 0.03 …] [--runs 3] [--day]
 *
 * Sizes are in MB (10^6 bytes). All take turns; read the ratios. Saves are of this process, restores are
 * processes (`tgsession pull`, of dist/). Times are those of the processor, which others on the machine change less. Needs `zstd` and
 * GNU time; Linux only.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { type Environment, readSettings } from '../src/config/settings.ts'
import type { Lease } from '../src/lease/lease.ts'
import type { Revision } from '../src/replica/head.ts'
import { Replica, type ReplicaOptions } from '../src/replica/replica.ts'
import { Cipher } from '../src/seal/cipher.ts'
import { makePatch, PATCH_STEP_BYTES } from '../src/seal/patch.ts'
import { parseKey, recipientOf } from '../src/seal/key.ts'
import { verifySession } from '../src/session/inspect.ts'
import { openStore } from '../src/store/open-store.ts'
import type { ObjectStore } from '../src/store/store.ts'
import { freshBucket } from '../test/support/ceph/fresh-bucket.ts'
import { testDatabase } from '../test/support/store/sql-servers.ts'
import { makeSession } from './session-of-size.ts'
import { median } from './stage.ts'

const { values: flags } = parseArgs({
  options: {
    store: { type: 'string', multiple: true, default: ['file', 'ceph', 'postgres'] },
    size: { type: 'string', multiple: true, default: ['0.03', '1.2', '6.4', '70'] },
    runs: { type: 'string', default: '3' },
    day: { type: 'boolean', default: false },
  },
})
const PEERS = [1, 100, 1000]
const RUNS = Number(flags.runs)
/** To reach: times the patch of the CLI, before padding; times a restore without a patch; MB of memory for a save. */
const MOST = { cli: 1.2, restore: 1.15, mb: 160 }
const DAY_S = 24 * 60 * 60
/** Of a bot that never rests: src/run/saver.ts. */
const EVERY_S = { patch: 50, whole: 300 }
const PEERS_PER_MINUTE = 20

const CLI = path.join(import.meta.dirname, '..', 'dist', 'src', 'cli', 'main.js')
const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-saves-'))
const identity = parseKey(randomBytes(32).toString('hex'))
const recipient = recipientOf(identity)
/** As every save was before. */
const WHOLE = { patchesWork: (): Promise<boolean> => Promise.resolve(false) }

/** Counts what it is asked, and what is uploaded. */
class Counted {
  readonly store: ObjectStore
  requests = 0
  bytes = { revision: 0, head: 0 }

  constructor(store: ObjectStore) {
    const one = <T>(work: Promise<T>): Promise<T> => (this.requests++, work)
    this.store = {
      label: store.label,
      get: (key, options) => one(store.get(key, options)),
      put: (key, bytes, condition, options) => {
        this.bytes[key.includes('revisions/') ? 'revision' : 'head'] += bytes.length
        return one(store.put(key, bytes, condition, options))
      },
      delete: (key, options) => one(store.delete(key, options)),
      list: (prefix, options) => store.list(prefix, options),
      close: () => store.close(),
    }
  }

  reset(): void {
    this.requests = 0
    this.bytes = { revision: 0, head: 0 }
  }
}

interface Place {
  store: ObjectStore
  /** For another process. */
  env: Environment
  /** Bytes of its tables, where it has some. */
  grown?: () => Promise<number>
  close: () => Promise<void>
}

const at = async (url: string, keys: Environment = {}): Promise<Pick<Place, 'store' | 'env'>> => {
  const env = { ...keys, TGSESSION_STORE: url, TGSESSION_KEY: identity }
  const { store: location } = await readSettings(env, { store: true })
  if (!location) throw new Error(`no store: ${url}`)
  return { store: await openStore(location), env }
}

async function open(kind: string): Promise<Place> {
  if (kind === 'file') {
    const there = await at(`file:${path.join(folder, 'store')}`)
    return { ...there, close: () => there.store.close() }
  }
  if (kind === 'ceph') {
    const bucket = await freshBucket()
    const there = await at(bucket.url, bucket.keys)
    const close = async (): Promise<void> => {
      await there.store.close()
      await bucket.stop()
    }
    return { ...there, close }
  }
  const database = await testDatabase('postgres')
  const there = await at(database.url)
  const grown = async (): Promise<number> => {
    const [row] = await database.run(
      `select sum(pg_total_relation_size(oid))::bigint as bytes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    )
    return Number(row?.['bytes'] ?? 0)
  }
  const close = async (): Promise<void> => {
    await there.store.close()
    await database.drop()
  }
  return { ...there, grown, close }
}

/** The same session once `count` more people are known, or have changed. */
function meet(file: string, count: number): void {
  const db = new DatabaseSync(file)
  const put = db.prepare('insert or replace into entities values (?, ?, ?, ?, ?, ?)')
  db.exec('begin')
  for (let n = 0; n < count; n++) {
    const random = randomBytes(20)
    const name = random.toString('base64url', 8)
    put.run(
      random.readUInt32LE(0),
      random.readBigInt64LE(4),
      `u_${name.slice(0, 9)}`,
      null,
      name,
      1_700_000_000,
    )
  }
  db.exec('commit')
  db.close()
}

let names = 0

/** Somebody who has restored `bytes` and may save. */
async function serving(
  store: ObjectStore,
  bytes: Uint8Array,
  options: Partial<ReplicaOptions> = {},
): Promise<{ replica: Replica; lease: Lease; base: Revision }> {
  const cipher = new Cipher({ encryption: 'age', identities: [identity], recipient })
  const name = `name-${names++}`
  const about = { store, name, cipher, verify: verifySession, label: 'bench', ...options }
  await new Replica(about).push(bytes.slice())
  const replica = new Replica(about)
  const lease = await replica.lease()
  const { revision } = await replica.restore({ lease })
  return { replica, lease, base: revision }
}

const status = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024

interface Found {
  ms: number
  bytes: number
  mb: number
  requests: number
}

/** A save of `next` by who serves `bytes`; claims of before are of other names, so each has a key of its own. */
async function save(
  place: Place,
  files: Files,
  options: Partial<ReplicaOptions>,
): Promise<Found & { reopenMs: number }> {
  const counted = new Counted(place.store)
  const { replica, lease, base } = await serving(counted.store, files.base(), options)
  const next = files.next()
  counted.reset()
  writeFileSync('/proc/self/clear_refs', '5')
  const before = status('VmRSS')
  const began = cpuMs()
  await replica.save(lease, base, next)
  const ms = cpuMs() - began
  const mb = status('VmHWM') - before
  const { requests, bytes } = counted
  await lease.release()
  const reopenMs = pullMs(replica.name, place.env)
  await replica.recovery.delete()
  return { ms, bytes: bytes.revision, mb, requests, reopenMs }
}

/** Milliseconds on the processor of a whole process that fetches and opens it. */
function pullMs(name: string, env: Environment): number {
  const usage = path.join(folder, 'usage')
  const pull = [CLI, 'pull', path.join(folder, 'pulled.session'), '--overwrite', '--name', name]
  const args = ['-q', '-o', usage, '-f', '%U %S', process.execPath, ...pull]
  execFileSync('/usr/bin/time', args, { env: { ...env, HOME: folder }, stdio: 'ignore' })
  return readFileSync(usage, 'utf8')
    .split(' ')
    .reduce((sum, seconds) => sum + Number(seconds) * 1000, 0)
}

/** Milliseconds on the processor so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

interface Files {
  base: () => Uint8Array
  next: () => Uint8Array
  /** Bytes of the patch that `zstd` makes. */
  cli: number
}

async function filesOf(mb: number, peers: number): Promise<Files> {
  const [base, next] = [path.join(folder, 'base'), path.join(folder, 'next')]
  rmSync(base, { force: true })
  await makeSession(base, mb * 1e6)
  copyFileSync(base, next)
  meet(next, peers)
  const cli = execFileSync('zstd', ['-q', '-c', `--patch-from=${base}`, next], {
    maxBuffer: 1e9,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return { base: () => readFileSync(base), next: () => readFileSync(next), cli: cli.length }
}

const targets: string[] = []
const told = (is: boolean, what: string): void =>
  void targets.push(`  ${is ? 'reached' : 'MISSED '}  ${what}`)
const middle = <K extends string>(all: Record<K, number>[], key: K): number =>
  median(all.map((one) => one[key]))
const kb = (bytes: number): number => Math.round(bytes / 100) / 10

async function saves(kind: string): Promise<void> {
  const place = await open(kind)
  const rows: Record<string, Record<string, number | string>> = {}
  for (const mb of flags.size.map(Number))
    for (const peers of mb > 16 ? [100] : PEERS) {
      const files = await filesOf(mb, peers)
      const found: { patch: Found[]; whole: Found[]; restores: number[] } = {
        patch: [],
        whole: [],
        restores: [],
      }
      // The first round fills the caches of the disk and of the compiler, and does not count.
      for (let run = 0; run <= (mb > 16 ? 1 : RUNS); run++) {
        const patch = await save(place, files, {})
        const whole = await save(place, files, WHOLE)
        if (run === 0) continue
        found.patch.push(patch)
        found.whole.push(whole)
        found.restores.push(patch.reopenMs / whole.reopenMs)
      }
      const { patch, whole } = found
      const bare = (await makePatch(files.base(), files.next(), Infinity))?.length ?? Number.NaN
      rows[`${mb} MB, ${peers}`] = {
        'KB patch': kb(middle(patch, 'bytes')),
        'KB whole': kb(middle(whole, 'bytes')),
        'KB zstd': kb(files.cli),
        'ms patch': Math.round(middle(patch, 'ms')),
        'ms whole': Math.round(middle(whole, 'ms')),
        'MB patch': Math.round(middle(patch, 'mb')),
        'MB whole': Math.round(middle(whole, 'mb')),
        requests: middle(patch, 'requests'),
        restore: Math.round(100 * median(found.restores)) / 100,
      }
      const label = `${kind}, ${mb} MB, ${peers} peers`
      if (middle(patch, 'bytes') < middle(whole, 'bytes') / 2) {
        const before = bare - PATCH_STEP_BYTES
        told(before <= files.cli * MOST.cli, `${label}: at most ${MOST.cli} times the patch of zstd`)
        told(
          median(found.restores) <= MOST.restore,
          `${label}: restore at most ${MOST.restore} times one without`,
        )
        told(middle(patch, 'mb') <= MOST.mb, `${label}: under ${MOST.mb} MB`)
      }
    }
  console.log(
    `a save, ${kind}: uploaded as a patch, whole, by zstd; ms of the processor; memory; requests; a restore beside one without a patch`,
  )
  console.table(rows)
  await place.close()
}

/** A day of a bot that never rests, as fast as it goes; its dates are those of a day. */
async function day(kind: string, mb: number, how: 'patch' | 'whole'): Promise<Record<string, number>> {
  const place = await open(kind)
  const counted = new Counted(place.store)
  let passedMs = 0
  const clock = {
    ...systemClock,
    now: () => systemClock.now() + passedMs,
    wall: () => systemClock.wall() + passedMs,
  }
  const file = path.join(folder, 'day')
  rmSync(file, { force: true })
  await makeSession(file, mb * 1e6)
  const options = { clock, leaseTtlMs: 60 * 60 * 1000, ...(how === 'whole' ? WHOLE : {}) }
  const { replica, lease, base } = await serving(counted.store, readFileSync(file), options)
  const before = (await place.grown?.()) ?? 0
  counted.reset()
  let current = base
  const everyS = EVERY_S[how]
  for (let second = everyS; second <= DAY_S; second += everyS) {
    passedMs += everyS * 1000
    meet(file, Math.round((PEERS_PER_MINUTE * everyS) / 60))
    current = (await replica.save(lease, current, readFileSync(file))).revision
  }
  const grown = ((await place.grown?.()) ?? 0) - before
  await lease.release()
  await place.close()
  return {
    saves: DAY_S / everyS,
    'MB of revisions': Math.round(counted.bytes.revision / 1e6),
    'MB of heads': Math.round(counted.bytes.head / 1e6),
    requests: counted.requests,
    ...(place.grown && { 'MB the tables grew': Math.round(grown / 1e6) }),
  }
}

try {
  for (const kind of flags.store)
    if (flags.day)
      for (const mb of flags.size.map(Number)) {
        console.log(`a day, ${kind}, ${mb} MB, ${PEERS_PER_MINUTE} new peers a minute; renewals not counted`)
        console.table({ patches: await day(kind, mb, 'patch'), whole: await day(kind, mb, 'whole') })
      }
    else await saves(kind)
  console.log(targets.join('\n'))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
