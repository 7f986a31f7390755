import { isIPv4, isIPv6 } from 'node:net'

/** The 4 or 16 bytes of an address in text; undefined for a host name or anything else. */
export function ipBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = canonicalIpv6(text).split('::')
  const groups = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const [before = [], after = []] = groups
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** 4 or 16 bytes as text, IPv6 in its canonical form (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  return canonicalIpv6(
    Buffer.from(bytes)
      .toString('hex')
      .replaceAll(/(.{4})(?!$)/g, '$1:'),
  )
}

function canonicalIpv6(text: string): string {
  return new URL(`http://[${text}]`).hostname.slice(1, -1)
}
