import { ConfigurationError } from '../../base/errors.ts'

/** The value of a variable, or undefined where it is not set or empty. */
export type ReadVariable = (name: string) => string | undefined

/** Which proxy is asked for which kind of address. May hold a password. */
export interface ProxySettings {
  http?: string
  https?: string
  /** Hosts that are asked directly, as in NO_PROXY. */
  no?: string
}

export interface HttpsAccess {
  /** The whole header, such as `Bearer …`. A secret. */
  authorization?: string
  proxy?: ProxySettings
}

const AUTHORIZATION = 'TGSESSION_HTTPS_AUTHORIZATION'

/** Throws `ConfigurationError`: `store.bad_authorization`, `store.bad_proxy`. */
export function readHttpsAccess(read: ReadVariable): HttpsAccess {
  const authorization = read(AUTHORIZATION)
  if (authorization !== undefined && !/^[!#-'*+.^_`|~\w-]+ +[\x20-\x7e]+$/.test(authorization))
    throw new ConfigurationError('store.bad_authorization', `${AUTHORIZATION} is not a header's value`, {
      hint: `Write the scheme, a space and the credentials: ${AUTHORIZATION}="Bearer …" or "Basic …".`,
    })
  return { ...(authorization === undefined ? {} : { authorization }), ...readProxy(read) }
}

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, small letters first as everywhere. Throws `ConfigurationError` (`store.bad_proxy`). */
export function readProxy(read: ReadVariable): { proxy?: ProxySettings } {
  const either = (name: string): string | undefined => read(name.toLowerCase()) ?? read(name)
  const http = proxyUrl('HTTP_PROXY', either('HTTP_PROXY'))
  const https = proxyUrl('HTTPS_PROXY', either('HTTPS_PROXY'))
  const no = either('NO_PROXY')
  if (http === undefined && https === undefined) return {}
  return {
    proxy: {
      ...(http === undefined ? {} : { http }),
      ...(https === undefined ? {} : { https }),
      ...(no === undefined ? {} : { no }),
    },
  }
}

function proxyUrl(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url.href
  throw new ConfigurationError('store.bad_proxy', `${name} is not the address of an HTTP proxy`, {
    hint: `Write it like ${name}=http://proxy.example.org:3128; SOCKS proxies are not supported.`,
  })
}
