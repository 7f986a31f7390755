import { BareContainer } from '../container/bare-container.ts'
import type { Settings } from './settings.ts'

/** The container that the settings name. Nothing is asked of its database yet. */
export function openContainer(settings: Settings): BareContainer {
  const { container, identities, encryption, label, leaseTtlMs: ttlMs } = settings
  if (!container) throw new TypeError('settings read without { container: true }')
  const { url, tablePrefix } = container
  const [key, ...previousKeys] = identities
  return new BareContainer(url, {
    key,
    previousKeys,
    plainKeys: encryption === 'none',
    tablePrefix,
    label,
    ttlMs,
  })
}
