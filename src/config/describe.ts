import type { Settings } from './settings.ts'

/** What is in force, for people: nothing in it opens anything. */
export function describeSettings(settings: Settings): Record<string, string> {
  return {
    store: settings.store ? `${settings.store.url} (from ${settings.store.source})` : 'not set',
    name: settings.name,
    encryption: settings.encryption,
    key:
      settings.identities.length === 0
        ? 'not set'
        : `set (hidden), ${settings.identities.length} may decrypt`,
    recipient: settings.recipient ?? 'not set',
    file: settings.file ?? 'a temporary folder',
    leaseTtl: `${settings.leaseTtlMs} ms`,
    shutdown: `${settings.shutdownMs} ms`,
    userId: settings.userId ?? 'not set',
    apiId: settings.apiId === undefined ? 'not set' : String(settings.apiId),
    apiHash: settings.apiHash === undefined ? 'not set' : 'set (hidden)',
    instance: settings.label,
  }
}
