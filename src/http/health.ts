import { text } from './answer.ts'
import { renderMetrics } from './metrics.ts'
import type { Route } from './server.ts'
import type { StatusPort } from './status-port.ts'

/**
 * - `/healthz`: 200 while this process lives, also while it waits for the lease: rollouts end the old instance only once
 *   the new one is healthy, and the new one gets the lease only then
 * - `/readyz`: 503 with the reason while it waits; for people and alerts, never for a rollout
 * - `/metrics`: for Prometheus
 *
 * The last two want the token unless `open`: an address that the user named is as private as the user chose it to be.
 */
export function healthRoutes(status: StatusPort | null, { open }: { open: boolean }): Record<string, Route> {
  const healthz: Route = { access: 'probe', method: 'GET', answer: () => text(200, 'ok') }
  if (!status) return { '/healthz': healthz }
  const access = open ? 'shell' : 'token'
  return {
    '/healthz': healthz,
    '/readyz': {
      access,
      method: 'GET',
      answer: () => {
        const { waitingFor } = status.snapshot()
        return waitingFor === null ? text(200, 'ok') : text(503, waitingFor)
      },
    },
    '/metrics': {
      access,
      method: 'GET',
      answer: () => ({ status: 200, type: METRICS_TYPE, body: renderMetrics(status) }),
    },
  }
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
