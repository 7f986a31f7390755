import { hostname } from 'node:os'

type Env = Readonly<Record<string, string | undefined>>

/** What the place where this runs tells of itself. */
export interface Host {
  /** How people recognise this instance. The same in the old and the new dyno: useless as an identity. */
  label: string
  /** Milliseconds between its SIGTERM and its SIGKILL, less what is left for saying how it ended. */
  shutdownMs: number
  /** It signals every process itself, so that nothing is forwarded. */
  signalsAll: boolean
  /** What is wrong with it, and how to put it right. */
  warning?: { message: string; hint: string }
}

const LABELS = ['DYNO', 'RENDER_INSTANCE_ID', 'FLY_MACHINE_ID', 'RAILWAY_REPLICA_ID', 'K_REVISION']

/** Heroku and Render leave 30 s, Cloud Run 10, Fly.io 5, and Railway none unless it is told to (docs/reference/configuration.md). */
export function readHost(env: Env): Host {
  const label = LABELS.map((name) => env[name]).find((value) => value !== undefined) ?? hostname()
  return { label, signalsAll: env['DYNO'] !== undefined, ...shutdownOf(env) }
}

function shutdownOf(env: Env): Pick<Host, 'shutdownMs' | 'warning'> {
  if (env['FLY_MACHINE_ID'] !== undefined) return { shutdownMs: 4000 }
  if (env['K_REVISION'] !== undefined) return { shutdownMs: 8000 }
  if (env['RAILWAY_REPLICA_ID'] === undefined) return { shutdownMs: 25_000 }
  const seconds = Number(env['RAILWAY_DEPLOYMENT_DRAINING_SECONDS'] ?? 0)
  if (seconds >= 2) return { shutdownMs: Math.min(25_000, seconds * 800) }
  return { shutdownMs: 8000, warning: RAILWAY }
}

const RAILWAY = {
  message: 'Railway kills a service as soon as it has signalled it: nothing can be saved or released then',
  hint: 'Set RAILWAY_DEPLOYMENT_DRAINING_SECONDS=10 for this service. If that stands in its railway.json already, set TGSESSION_SHUTDOWN_MS=8000.',
}
