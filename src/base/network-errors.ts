import { ConfigurationError, safeCause, TgsessionError, UnreachableError } from './errors.ts'

/** What undici, Node's own HTTP and the system say when no answer comes, or none that can be trusted. */

/** No answer came; another try may do better. */
export function isPassingNetwork(error: unknown): boolean {
  return isNetworkError(error) && !isTlsError(error)
}

/** What it means that no usable answer came; passes what is none of the network's. */
export function networkError(error: unknown, label: string): unknown {
  if (error instanceof TgsessionError || !(isNetworkError(error) || isTlsError(error))) return error
  const cause = safeCause(error)
  const code = codeOf(error)
  if (isTlsError(error))
    return new ConfigurationError('store.untrusted', `${label}: the connection cannot be trusted (${code})`, {
      hint: tlsHint(code),
      cause,
    })
  if (isProxyError(error))
    return new UnreachableError('store.unreachable', `${label}: the proxy does not let us through`, {
      hint: 'Check HTTPS_PROXY and HTTP_PROXY, and name hosts that need no proxy in NO_PROXY.',
      cause,
    })
  return new UnreachableError('store.unreachable', `${label}: no usable answer (${code || cause.message})`, {
    hint: 'Check the network, the address and the status of the service. A write may have landed all the same.',
    cause,
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function isNetworkError(error: unknown): boolean {
  const code = codeOf(error)
  return (
    isProxyError(error) ||
    // The AWS SDK gives its time-outs no code.
    (error instanceof Error && error.name === 'TimeoutError') ||
    /^(E(?!RR_)[A-Z0-9_]+|HPE_\w+|Z_(BUF|DATA)_ERROR|ERR_STREAM_PREMATURE_CLOSE)$/.test(code) ||
    // Ours to answer for: a wrong argument, or a client that is closed already.
    (code.startsWith('UND_ERR_') && !/^UND_ERR_(INVALID_ARG|CLOSED|DESTROYED|NOT_SUPPORTED)$/.test(code))
  )
}

function isProxyError(error: unknown): boolean {
  return (
    error instanceof Error &&
    (/^(UND_ERR_PRX|ERR_PROXY_)/.test(codeOf(error)) ||
      /^Proxy (response|Authentication)/.test(error.message))
  )
}

/** Codes of OpenSSL (X509_V_ERR_…) and of Node for a certificate or a handshake that cannot be trusted. */
function isTlsError(error: unknown): boolean {
  return /^(EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$)/.test(
    codeOf(error),
  )
}

function tlsHint(code: string): string {
  if (/SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_/.test(code))
    return 'Its certificate is not signed by an authority known here: name that authority in NODE_EXTRA_CA_CERTS.'
  if (/CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code))
    return 'Its certificate has run out or is not valid yet: renew it, and check the clock of this machine.'
  if (/ALTNAME|HOSTNAME/.test(code)) return 'Its certificate is for another name: check the host in the URL.'
  return 'The other side does not speak TLS as expected: check the scheme and the port in the URL.'
}
