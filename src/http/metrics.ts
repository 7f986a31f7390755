import type { StatusPort, StatusSnapshot } from './status-port.ts'

interface Metric {
  name: string
  type: 'gauge' | 'counter'
  help: string
  /** Null leaves the sample out: "never" is not zero. */
  value: (status: StatusSnapshot) => number | null
}

/** Every metric of one value; what alert rules may name. */
const METRICS: readonly Metric[] = [
  gauge('ready', 'Whether the command runs with the session.', (s) => Number(s.waitingFor === null)),
  gauge('lease_held', 'Whether this instance holds the lease.', (s) => Number(s.leaseHeld)),
  counter('waits_total', 'How often a session or the lease was waited for.', (s) => s.waits),
  counter('lease_renewals_total', 'Renewals of the lease that is held.', (s) => s.renewals),
  gauge('last_save_age_seconds', 'Seconds since the last save.', (s) => s.savedSecondsAgo),
  gauge('last_save_bytes', 'Size of the session that was saved or restored last.', (s) => s.savedBytes),
  gauge('revision', 'The revision that was saved or restored last.', (s) => s.revision),
  counter('command_restarts_total', 'Starts of the command after the first.', (s) => s.restarts),
  counter('conflicts_total', 'How often another instance came in between.', (s) => s.conflicts),
  gauge('session_dead', 'Whether Telegram has ended the auth key.', (s) => Number(s.dead)),
  gauge('account_frozen', 'Whether Telegram has frozen the account.', (s) => Number(s.frozen)),
  gauge(
    'flood_wait_until_seconds',
    'Unix time until which Telegram wants to be left alone.',
    (s) => s.floodWaitUntil,
  ),
]
const STORE_ERRORS = counter(
  'store_errors_total',
  'Failures of the store, by the code of the error.',
  () => null,
)

/** The names of all metrics that exist. */
export const METRIC_NAMES: readonly string[] = [...METRICS, STORE_ERRORS].map(({ name }) => name)

/** The text that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function renderMetrics(port: StatusPort): string {
  const status = port.snapshot()
  const lines = METRICS.flatMap(({ value, ...metric }) => {
    const sample = value(status)
    return sample === null ? [] : [...head(metric), `${metric.name}${labels(port.labels)} ${sample}`]
  })
  const errors = Object.entries(status.storeErrors).map(
    ([code, count]) => `${STORE_ERRORS.name}${labels({ ...port.labels, code })} ${count}`,
  )
  return [...lines, ...head(STORE_ERRORS), ...errors, ''].join('\n')
}

function head({ name, type, help }: Omit<Metric, 'value'>): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function labels(named: Record<string, string>): string {
  const pairs = Object.entries(named).map(([name, value]) => `${name}="${escaped(value)}"`)
  return `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function gauge(name: string, help: string, value: Metric['value']): Metric {
  return { name: `tgsession_${name}`, type: 'gauge', help, value }
}

function counter(name: string, help: string, value: Metric['value']): Metric {
  return { name: `tgsession_${name}`, type: 'counter', help, value }
}
