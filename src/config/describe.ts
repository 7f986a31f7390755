import type { Settings } from './settings.ts'

/** What is in force, for people: nothing in it opens anything. */
export function describeSettings(settings: Settings): Record<string, string> {
  return {
    store: settings.store ? `${maskUrl(settings.store.url)} (from ${settings.store.source})` : 'not set',
    container: settings.container ? maskUrl(settings.container.url) : 'not set',
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
    instance: settings.label,
  }
}

const HARMLESS_PARAMETER = /^(?:endpoint|region)=[^@]*$/

/**
 * A store's URL without what may be a secret: user and password (up to the last @, since a password may hold any
 * character), and parameters that are not known to be harmless. What is no address at all may be a secret in the
 * wrong place.
 */
function maskUrl(url: string): string {
  if (/^(file|memory|sqlite):/i.test(url)) return url
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url) ?? []
  if (scheme === undefined || rest === undefined) return 'set (hidden: not the address of a store)'
  // An @ behind a ? belongs to a password or to a parameter: nobody knows where the secret ends.
  if (/[?#].*@/s.test(rest)) return `${scheme}***`
  const known = rest.includes('@') ? `***@${rest.slice(rest.lastIndexOf('@') + 1)}` : rest
  const visible = /^https?:/i.test(scheme) ? lastNameOnly(known) : known
  return `${scheme}${visible.replaceAll(/([?&#;])([^?&#;]*)/g, maskParameter)}`
}

/** The path of a web address may be what opens it: as in the label of such a file, only its last name is shown. */
function lastNameOnly(address: string): string {
  const [, host = '', path = '', rest = ''] = /^([^/?#]*)([^?#]*)(.*)$/s.exec(address) ?? []
  const names = path.split('/').filter((name) => name !== '')
  return `${host}${names.length > 1 ? '/…' : ''}${names.length > 0 ? `/${names.at(-1)}` : ''}${rest}`
}

function maskParameter(whole: string, mark: string, parameter: string): string {
  const harmless = HARMLESS_PARAMETER.test(parameter) && !parameter.includes('%40')
  return harmless ? whole : `${mark}***`
}
