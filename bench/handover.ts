// How long a restart takes: from the SIGTERM to the old dyno, to the first request of the new one at the data centre.
// On a folder, and on a real S3 server (Ceph, see test/support/ceph). Needs dist/ (npm run build).
// node bench/handover.ts [runs]
import { setTimeout as sleep } from 'node:timers/promises'
import { freshBucket } from '../test/support/ceph/fresh-bucket.ts'
import type { SimulatedDyno } from '../test/support/cli/dyno.ts'
import { ACCOUNT } from '../test/support/rig.ts'
import { until } from '../test/support/until.ts'
import { median, Stage } from './stage.ts'

/** Heroku starts the new dyno about this long after it signals the old one. */
const OVERLAP_MS = 700
const RUNS = Number(process.argv[2] ?? 10)

/** Milliseconds, from the SIGTERM to the old one; for the new one's from its own start. */
const PARTS = {
  'old: bot ended': [0, /command\.ended/],
  'old: saved': [0, /session\.saved/],
  'old: released': [0, /lease\.released/],
  'new: lease taken': [OVERLAP_MS, /lease\.taken/],
  'new: session placed': [OVERLAP_MS, /session\.restored/],
  'new: bot started': [OVERLAP_MS, /command\.started/],
  'new: bot connected': [OVERLAP_MS, /: connected$/],
} as const

const rows: Record<string, Record<string, number>> = {}
const bucket = await freshBucket()
Object.assign(process.env, bucket.keys)
for (const kind of ['file', 's3'] as const) {
  const env = kind === 's3' ? { ...bucket.keys, TGSESSION_STORE: bucket.url } : {}
  const stage = await Stage.open('file', { env })
  const seen: { at: number; line: string }[] = []
  const start = (): Promise<SimulatedDyno> =>
    stage.dyno(undefined, (line) => seen.push({ at: Date.now(), line }))
  const times: number[] = []
  const parts: Record<string, number[]> = {}
  let serving = await start()
  await until(() => seen.some(({ line }) => line.endsWith(': connected')), 'the first dyno to serve')
  for (let run = 0; run < RUNS; run++) {
    // Somebody new writes, so that there is something to save.
    const before = stage.dc.messages(ACCOUNT.userId).length
    stage.dc.sendMessage(ACCOUNT.userId, '.ping', { userId: 5000n + BigInt(run), firstName: `Person ${run}` })
    await until(() => stage.dc.messages(ACCOUNT.userId).length > before + 1, 'the answer')
    seen.length = stage.events.length = 0
    const began = Date.now()
    serving.signal('SIGTERM')
    await sleep(OVERLAP_MS)
    serving = await start()
    await until(() => seen.some(({ line }) => line.endsWith(': connected')), 'the new dyno to serve')
    const opened = stage.events.find(({ type }) => type === 'connect')?.connectionId
    const first = stage.events.find(({ type, connectionId }) => type === 'request' && connectionId === opened)
    times.push((first?.at ?? Number.NaN) - began)
    for (const [name, [offset, pattern]] of Object.entries(PARTS)) {
      const found = seen.find(({ line }) => pattern.test(line))
      if (found) (parts[name] ??= []).push(found.at - began - offset)
    }
  }
  const { duplicates } = stage.dc.stats()
  rows[kind] = { median: median(times), worst: Math.max(...times), duplicates }
  for (const [name, values] of Object.entries(parts)) rows[kind][name] = median(values)
  await stage.close()
}
console.log(
  `handover in ms, ${RUNS} restarts each; parts are medians, the new dyno's from its own start (${OVERLAP_MS} ms)`,
)
console.table(
  Object.fromEntries(
    Object.keys(rows['s3'] ?? {}).map((name) => [
      name,
      { file: rows['file']?.[name], s3: rows['s3']?.[name] },
    ]),
  ),
)
await bucket.stop()

/**
 * Read in Litestream's documentation (https://litestream.io/reference/replicate/) and in its source of August 2026
 * (cmd/litestream/replicate.go, leaser.go), not measured here: it has no handover that could be.
 */
const DOCUMENTED = {
  'two instances at once': [
    'the second waits for the lease',
    'both run: replicate takes no lease (issue 1301)',
  ],
  'the old one is stopped': [
    'disconnect, save, release',
    'the command is signalled, and waited for without a limit',
  ],
  'last save after a stop': ['always', 'not when the command ends with another code than 0'],
  'exit code': [
    'of the command; 75 lease lost, 79 not saved',
    '1 for every failure; 0 when the last sync failed',
  ],
  'stdin of the command': ['passed on', 'not passed on'],
}
console.log(
  '\ntgsession run, beside what litestream replicate -exec does by its documentation and source (not measured)',
)
console.table(
  Object.fromEntries(
    Object.entries(DOCUMENTED).map(([what, [ours, theirs]]) => [
      what,
      { tgsession: ours, litestream: theirs },
    ]),
  ),
)
