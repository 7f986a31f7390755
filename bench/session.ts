/**
 * Session files side by side, in one run: ours, Telethon's SQLiteSession (if python3-telethon is there), GramJS's
 * MemorySession and StoreSession, and node:sqlite with indexes of its own. Ratios are against Telethon. All take turns for
 * some rounds, each time in a process and on a file of their own. Of each time the best counts, since what else runs on the
 * machine only ever adds to it; of memory the median.
 *
 *     node bench/session.ts [--million] [--size 1000] [--peer ours] [--runs 2000] [--rounds 3] [--cpu] [--json]
 *
 * `--cpu` measures the processor's time instead of the clock's, for a machine that is not one's own: waiting for the disk
 * is not in it then, and what runs on another thread at the same time is.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { createTelethonFile } from '../src/session/formats/telethon/file.ts'
import { type Measures, microseconds, nameOf, PEER_NAMES, phoneOf, usernameOf } from './session-peers.ts'

const PYTHON = '/usr/bin/python3'
/** What V8 needs to compile hot code, 20 to 40 MB, it needs for any program. */
const UNCOMPILED = ['--no-opt', '--no-maglev']
/** It keeps one file per peer. */
const STORE_SESSION_UP_TO = 1000

interface Target {
  target: string
  reached: boolean
  found: string
}
interface SizeReport {
  entities: number
  fileMb: number
  indexedMb: number
  readUs: number
  peers: Record<string, Measures>
  targets: Target[]
}

const { values: flags } = parseArgs({
  options: {
    million: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    size: { type: 'string', multiple: true },
    peer: { type: 'string', multiple: true },
    runs: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    cpu: { type: 'boolean', default: false },
  },
})
const clock = flags.cpu ? 'cpu' : 'wall'
const sizes = flags.size?.map(Number) ?? [1000, 100_000, ...(flags.million ? [1_000_000] : [])]

async function makeFile(file: string, count: number): Promise<void> {
  const { db } = await createTelethonFile()
  writeFileSync(file, db.export())
  db.close()
  const filling = new DatabaseSync(file)
  const put = filling.prepare('insert into entities values (?, ?, ?, ?, ?, ?)')
  filling.exec(`begin; update sessions set dc_id = 2, server_address = '149.154.167.51', port = 443`)
  // Peers do not come in by their ids; 7919 has no factor in common with the powers of ten.
  for (let row = 0, k = 0; row < count; row++, k = (k + 7919) % count)
    put.run(k + 1, BigInt(k) * 9_000_000_000_000n, usernameOf(k), phoneOf(k), nameOf(k), 1_700_000_000)
  filling.exec('commit')
  filling.close()
}

function indexedBytes(file: string): number {
  const db = new DatabaseSync(file)
  for (const name of ['username', 'phone', 'name']) db.exec(`create index i_${name} on entities (${name})`)
  db.close()
  return statSync(file).size
}

function child(command: string, ...args: string[]): Measures {
  const text = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const last = text.trim().split('\n').at(-1) ?? ''
  return Object.fromEntries(Object.entries(JSON.parse(last)).map(([name, value]) => [name, Number(value)]))
}

function hasTelethon(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import telethon'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function runSize(count: number, folder: string): Promise<SizeReport> {
  const base = path.join(folder, `${count}.session`)
  await makeFile(base, count)
  const copy = (name: string): string => {
    const file = path.join(folder, `${count}-${name.replaceAll(/\W/g, '')}.session`)
    copyFileSync(base, file)
    return file
  }
  const rounds: Record<string, Measures[]> = {}
  const reads: number[] = []
  for (let round = 0; round < Number(flags.rounds); round++) {
    for (const [name, measure] of Object.entries(subjects(count)))
      (rounds[name] ??= []).push(measure(copy(name)))
    const begin = microseconds(clock)
    readFileSync(base)
    reads.push(microseconds(clock) - begin)
  }
  const peers = Object.fromEntries(Object.entries(rounds).map(([name, each]) => [name, summed(each)]))
  const report = {
    entities: count,
    fileMb: statSync(base).size / 2 ** 20,
    indexedMb: indexedBytes(copy('indexed')) / 2 ** 20,
    readUs: Math.min(...reads),
    peers,
    targets: [],
  }
  return { ...report, targets: targetsOf(report) }
}

/** Who is measured, by name, as a function of the file. */
function subjects(count: number): Record<string, (file: string) => Measures> {
  const folder = import.meta.dirname
  const telethon = (file: string): Measures =>
    child(PYTHON, path.join(folder, 'session_telethon.py'), file, String(count), flags.runs, clock)
  const flagsOfNode = ['--expose-gc', '--disable-warning=ExperimentalWarning']
  const node =
    (name: string) =>
    (file: string): Measures => {
      const args = [path.join(folder, 'session-peers.ts'), name, file, String(count), flags.runs, clock]
      const measures = child(process.execPath, ...flagsOfNode, ...args)
      if (name !== 'ours') return measures
      copyFileSync(path.join(path.dirname(file), `${count}.session`), file)
      const uncompiled = child(process.execPath, ...flagsOfNode, ...UNCOMPILED, ...args)
      return { ...measures, 'used uncompiled MB': uncompiled['used MB'] ?? NaN }
    }
  const names = PEER_NAMES.filter((name) => name !== 'GramJS StoreSession' || count <= STORE_SESSION_UP_TO)
  const all = {
    ...(hasTelethon() && { Telethon: telethon }),
    ...Object.fromEntries(names.map((name) => [name, node(name)])),
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => flags.peer?.includes(name) ?? true))
}

function summed(rounds: Measures[]): Measures {
  const summary = (name: string): number => {
    const values = rounds.flatMap((measures) => measures[name] ?? []).toSorted((one, other) => one - other)
    return values[name.endsWith('MB') ? Math.floor(values.length / 2) : 0] ?? NaN
  }
  return Object.fromEntries(Object.keys(rounds[0] ?? {}).map((name) => [name, summary(name)]))
}

const mb = (value: number): string => `${value.toFixed(0)} MB`

function targetsOf({ entities, indexedMb, readUs, peers }: SizeReport): Target[] {
  const { ours = {}, Telethon: theirs } = peers
  const targets: Target[] = []
  const expect = (
    target: string,
    name: string,
    most: number | undefined,
    show: (value: number) => string,
  ) => {
    const value = ours[name]
    if (value !== undefined && most !== undefined)
      targets.push({ target, reached: value <= most, found: `${show(value)} of at most ${show(most)}` })
  }
  expect('by id no slower than Telethon', 'id', theirs?.['id'], time)
  if (entities >= 1_000_000)
    for (const name of ['username', 'phone', 'name']) expect(`by ${name} under 20 µs`, name, 20, time)
  const upserts = '1000 upserts no slower than Telethon with its commit'
  expect(upserts, '1000 upserts', theirs?.['1000 upserts, saved'], time)
  expect(`${upserts}, saved to disk`, '1000 upserts, saved', theirs?.['1000 upserts, saved'], time)
  const memory = 'memory at most 3 times the indexed file'
  expect(memory, 'used MB', 3 * indexedMb, mb)
  expect(`${memory}, V8's compilers quarantined`, 'used uncompiled MB', 3 * indexedMb, mb)
  expect('opening at most twice reading + 25 ms, first in its process', 'open', 2 * readUs + 25_000, time)
  expect('opening at most twice reading + 25 ms, later', 'open again', 2 * readUs + 25_000, time)
  return targets
}

function time(us: number): string {
  return us < 1000 ? `${us.toFixed(1)} µs` : `${(us / 1000).toFixed(us < 100_000 ? 1 : 0)} ms`
}

function print({ entities, fileMb, indexedMb, readUs, peers, targets }: SizeReport): void {
  const names = Object.keys(peers)
  const rows = [...new Set(Object.values(peers).flatMap((measures) => Object.keys(measures)))]
  console.log(
    `\n${entities} entities: file ${fileMb.toFixed(1)} MB, indexed ${indexedMb.toFixed(1)} MB, read in ${time(readUs)}`,
  )
  console.log(['', ...names].map((name, k) => name.padStart(k === 0 ? 20 : 22)).join(''))
  for (const row of rows) {
    const basis = peers['Telethon']?.[row]
    const cells = names.map((name) => {
      const value = peers[name]?.[row]
      if (value === undefined) return '-'
      if (row.endsWith('MB')) return `${value.toFixed(0)} MB`
      const ratio = basis === undefined || name === 'Telethon' ? '' : ` (${(value / basis).toPrecision(2)}x)`
      return time(value) + ratio
    })
    console.log([row.padEnd(20), ...cells.map((cell) => cell.padStart(22))].join(''))
  }
  for (const { target, reached, found } of targets)
    console.log(`  ${reached ? 'reached' : 'MISSED '}  ${target}: ${found}`)
}

const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-bench-'))
const reports: SizeReport[] = []
try {
  for (const size of sizes) {
    const report = await runSize(size, folder)
    reports.push(report)
    if (!flags.json) print(report)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (flags.json) console.log(JSON.stringify(reports, null, 2))
