// What `tgsession run` costs while nothing happens: CPU, memory, requests. Needs dist/ (npm run build). Linux only.
// node bench/idle.ts [seconds]
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../test/support/rig.ts'
import { Stage } from './stage.ts'

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
  await until('the start', () => dyno.commandPid)
  await sleep(3000)
  const pid = dyno.pid ?? 0
  const [cpu, requests] = [cpuMs(pid), stage.s3?.seen.length ?? 0]
  await sleep(SECONDS * 1000)
  const seen = stage.s3?.seen.slice(requests) ?? []
  rows[kind] = {
    'CPU %': Math.round((cpuMs(pid) - cpu) / SECONDS) / 10,
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
console.log(`@aws-sdk/client-s3 imported alone: ${await sdkAloneMb()} MB resident`)
