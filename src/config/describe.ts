import { storeLabel } from '../store/label.ts'
import type { Settings } from './settings.ts'

/** What is in force, for people: nothing in it opens anything. */
export function describeSettings(settings: Settings): Record<string, string> {
  return {
    store: settings.store ? `${addressOf(settings.store.url)} (from ${settings.store.source})` : 'not set',
    container: settings.container ? addressOf(settings.container.url) : 'not set',
    name: settings.name,
    encryption: settings.encryption,
    key:
      settings.identities.length === 0
        ? 'not set'
        : `set (hidden), ${settings.identities.length} may decrypt`,
    recipient: settings.recipient ?? 'not set',
    file: settings.file ?? 'a temporary folder',
    leaseTtl: `${settings.leaseTtlMs} ms`,
    saveAfter: `${settings.saveAfterMs} ms`,
    shutdown: `${settings.shutdownMs} ms`,
    userId: settings.userId ?? 'not set',
    apiId: settings.apiId === undefined ? 'not set' : String(settings.apiId),
    apiHash: settings.apiHash === undefined ? 'not set' : 'set (hidden)',
    webToken: settings.webToken === undefined ? 'not set' : 'set (hidden)',
    heartbeat: settings.heartbeat === undefined ? 'not set' : 'set (hidden)',
    instance: settings.label,
  }
}

/** An address that cannot be parsed is not shown in part: nobody knows where a secret in it ends. */
function addressOf(url: string): string {
  return storeLabel(url) ?? 'set (hidden: not an address that can be read; `tgsession doctor` says why)'
}
