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
    client: settings.client ?? 'as it is stored',
    leaseTtl: `${settings.leaseTtlMs / 1000}s`,
    maxSize: `${settings.maxBytes / 1024 / 1024} MB`,
    saveAfter:
      settings.saveAfterMs === undefined ? '5s, a whole session 30s' : `${settings.saveAfterMs / 1000}s`,
    shutdown: `${settings.shutdownMs / 1000}s`,
    userId: settings.userId ?? 'not set',
    apiId: settings.apiId === undefined ? 'not set' : String(settings.apiId),
    apiHash: settings.apiHash === undefined ? 'not set' : 'set (hidden)',
    webToken: settings.webToken === undefined ? 'not set' : 'set (hidden)',
    heartbeat: settings.heartbeat === undefined ? 'not set' : 'set (hidden)',
    import: settings.importing === undefined ? 'not set' : 'set (hidden)',
    instance: settings.label,
  }
}

/**
 * The same for programs, by the variables' own names and in their units (seconds, MB). A secret is `set`; what is not set, or cannot be
 * shown, is null. `storeSource` is the variable that named the store.
 */
export function settingsAsJson(settings: Settings): Record<string, string | number | null> {
  const { store, container, identities } = settings
  return {
    TGSESSION_STORE: store === null ? null : storeLabel(store.url),
    storeSource: store?.source ?? null,
    TGSESSION_CONTAINER: container === undefined ? null : storeLabel(container.url),
    TGSESSION_TABLE_PREFIX: container?.tablePrefix ?? null,
    TGSESSION_NAME: settings.name,
    TGSESSION_ENCRYPTION: settings.encryption,
    TGSESSION_KEY: hidden(identities[0]),
    TGSESSION_KEY_PREVIOUS: hidden(identities[1]),
    TGSESSION_RECIPIENT: settings.recipient ?? null,
    TGSESSION_FILE: settings.file ?? null,
    TGSESSION_CLIENT: settings.client ?? null,
    TGSESSION_LEASE_TTL: settings.leaseTtlMs / 1000,
    TGSESSION_MAX_SIZE: settings.maxBytes / 1024 / 1024,
    TGSESSION_SAVE_AFTER: settings.saveAfterMs === undefined ? null : settings.saveAfterMs / 1000,
    TGSESSION_SHUTDOWN: settings.shutdownMs / 1000,
    TGSESSION_USER_ID: settings.userId ?? null,
    TGSESSION_WEB_TOKEN: hidden(settings.webToken),
    TGSESSION_HEARTBEAT: hidden(settings.heartbeat),
    TGSESSION_IMPORT: hidden(settings.importing),
    TGSESSION_IMPORT_WAIT: settings.importing ? settings.importing.waitMs / 1000 : null,
    TELEGRAM_API_ID: settings.apiId ?? null,
    TELEGRAM_API_HASH: hidden(settings.apiHash),
    PORT: settings.port ?? null,
    instance: settings.label,
  }
}

function hidden(value: unknown): 'set' | null {
  return value === undefined ? null : 'set'
}

/** An address that cannot be parsed is not shown even in part: where a secret in it ends is unknown. */
function addressOf(url: string): string {
  return storeLabel(url) ?? 'set (hidden: not an address that can be read; `tgsession doctor` says why)'
}
