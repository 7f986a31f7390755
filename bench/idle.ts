// What `tgsession run` costs while nothing happens: CPU, memory, requests. Needs dist/ (npm run build). Linux only.
// Beside it what litestream says of itself, which is not measured here. node bench/idle.ts [seconds]
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../test/support/until.ts'
import { Stage } from './stage.ts'

/** To reach: per cent, MB, and MB above the SDK alone. */
const MOST = { cpu: 0.5, mb: 120, above: 30 }
/**
 * `litestream replicate -exec`, for the same job. Sources: litestream.io/reference/replicate and /config; its cmd/litestream
 * and issues 224, 364 and 1301 on GitHub, read in August 2026.
 */
const LITESTREAM = [
  'looks at the database every second; a write goes up within a second (sync-interval 1s); a snapshot a day',
  'SIGTERM goes to the command once, and is waited for without limit; a command that fails then is not saved',
  'no lease: two instances write at once, and what is then stored cannot be restored',
]

const SECONDS = Number(process.argv[2] ?? 30)
/** A third of it between two renewals, as by default; shorter, so that there is something to count. */
const TTL_S = 15

/** MB of memory that is the process's own or shared. */
function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kib) / 1024)
}

/** Milliseconds on the CPU so far; a tick is 10 ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function sdkAloneMb(): Promise<number> {
  const script = `await import('@aws-sdk/client-s3'); console.log('ready'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await sleep(1000)
  const mb = residentMb(child.pid ?? 0)
  child.kill()
  return mb
}

const rows: Record<string, Record<string, number | string>> = {}
for (const kind of ['file', 's3'] as const) {
  const stage = await Stage.open(kind, { people: 10_000, env: { TGSESSION_LEASE_TTL: `${TTL_S}s` } })
  const dyno = await stage.dyno('exec node dist/scripts/bootstrap.js sleep 1000')
  await until(() => dyno.commandPid, 'the start')
  await sleep(3000)
  const pid = dyno.pid ?? 0
  const [cpu, requests] = [cpuMs(pid), stage.s3?.seen.length ?? 0]
  await sleep(SECONDS * 1000)
  const seen = stage.s3?.seen.slice(requests) ?? []
  rows[kind] = {
    'CPU %': Math.round((10 * (cpuMs(pid) - cpu)) / SECONDS) / 100,
    'resident MB': residentMb(pid),
    requests: seen.length,
    'expected renewals': Math.round(SECONDS / (TTL_S / 3)),
    kinds: [...new Set(seen.map(({ method, ifMatch }) => `${method}${ifMatch ? ' if-match' : ''}`))].join(
      ', ',
    ),
  }
  await stage.close()
}
console.log(`idle for ${SECONDS} s with a session of about 1 MB, lease of ${TTL_S} s`)
console.table(rows)
const alone = await sdkAloneMb()
const [cpu, mb] = [Number(rows['s3']?.['CPU %']), Number(rows['s3']?.['resident MB'])]
const told = (is: boolean, what: string): void => console.log(`  ${is ? 'reached' : 'MISSED '}  ${what}`)
console.log(`@aws-sdk/client-s3 imported alone: ${alone} MB resident`)
told(cpu < MOST.cpu, `CPU under ${MOST.cpu} %: ${cpu}`)
told(mb < MOST.mb, `under ${MOST.mb} MB resident: ${mb}`)
told(mb - alone <= MOST.above, `at most ${MOST.above} MB above the SDK alone: ${mb - alone}`)
told(
  rows['s3']?.['kinds'] === 'PUT if-match' && rows['s3']['requests'] === rows['s3']['expected renewals'],
  'one conditional put a renewal, and nothing else',
)
console.log(`litestream replicate -exec:\n${LITESTREAM.map((line) => `  - ${line}`).join('\n')}`)
