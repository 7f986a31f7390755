import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { LostDisk } from '../store/durable-disk.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What the host says about itself. */
export interface Host {
  /** How people recognise this instance. The same in the old and the new dyno: useless as an identity. */
  label: string
  /** Milliseconds between its SIGTERM and its SIGKILL, less what is left for saying how it ended. */
  shutdownMs: number
  /** @internal It signals every process itself, so that nothing is forwarded. */
  signalsAll: boolean
  /** @internal Something else than a person starts and ends this process: a host that names itself, or a container. */
  isManaged: boolean
  /** @internal Whether its disk is emptied at each restart. */
  diskIsLost: LostDisk
  /** @internal Nobody says how long it waits: what plain Docker leaves is counted on. */
  isGuess?: true
  /** @internal What is wrong with it, and how to put it right. */
  warning?: { message: string; hint: string }
}

const LABELS = ['DYNO', 'RENDER_INSTANCE_ID', 'FLY_MACHINE_ID', 'RAILWAY_REPLICA_ID', 'K_REVISION']

/** What Docker and Podman leave in a container. */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv']

/** `isContainer`: whether this is a container, as its files tell. */
export function readHost(env: Env, isContainer = CONTAINER_FILES.some((file) => existsSync(file))): Host {
  const named = LABELS.map((name) => env[name]).find((value) => value !== undefined)
  return {
    label: named ?? hostname(),
    signalsAll: env['DYNO'] !== undefined,
    isManaged: named !== undefined || isContainer || env['KUBERNETES_SERVICE_HOST'] !== undefined,
    diskIsLost: diskOf(env, named !== undefined),
    ...shutdownOf(env, isContainer),
  }
}

/** An unknown container may be anything, even one that is kept. */
function diskOf(env: Env, isNamed: boolean): LostDisk {
  if (env['DYNO'] !== undefined) return 'all'
  return isNamed || env['KUBERNETES_SERVICE_HOST'] !== undefined ? 'unless mounted' : null
}

/**
 * Heroku, Render, Kubernetes and Kamal leave 30 s, Cloud Run and plain Docker 10, Fly.io 5, and Railway none unless it is
 * told to (docs/reference/configuration.md).
 */
function shutdownOf(env: Env, isContainer: boolean): Pick<Host, 'shutdownMs' | 'isGuess' | 'warning'> {
  if (env['FLY_MACHINE_ID'] !== undefined) return { shutdownMs: 4000 }
  if (env['K_REVISION'] !== undefined) return { shutdownMs: 8000 }
  if (env['RAILWAY_REPLICA_ID'] !== undefined) return railway(env)
  const leaves30s = THIRTY_SECONDS.some((name) => env[name] !== undefined)
  return isContainer && !leaves30s ? { shutdownMs: 8000, isGuess: true } : { shutdownMs: 25_000 }
}

const THIRTY_SECONDS = ['DYNO', 'RENDER_INSTANCE_ID', 'KUBERNETES_SERVICE_HOST', 'KAMAL_CONTAINER_NAME']

function railway(env: Env): Pick<Host, 'shutdownMs' | 'warning'> {
  const seconds = Number(env['RAILWAY_DEPLOYMENT_DRAINING_SECONDS'] ?? 0)
  if (seconds >= 2) return { shutdownMs: Math.min(25_000, seconds * 800) }
  return { shutdownMs: 8000, warning: RAILWAY }
}

const RAILWAY = {
  message: 'Railway kills a service as soon as it has signalled it: nothing can be saved or released then',
  hint: 'Set RAILWAY_DEPLOYMENT_DRAINING_SECONDS=10 for this service. If that stands in its railway.json already, set TGSESSION_SHUTDOWN=8s.',
}
