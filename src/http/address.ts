/** Where a server listens. */
export interface ListenAddress {
  host: string
  port: number
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * `8080`, `127.0.0.1:8080`, `[::1]:8080` or `example.internal:8080`; without a host `fallback` is used. Null for any
 * other text, and for ports above 65535.
 */
export function parseListenAddress(text: string, fallback: string): ListenAddress | null {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([\da-fA-F:.]{2,45})\]|([\w.-]{1,253})):)?(\d{1,5})$/.exec(text.trim()) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535) return null
  return { host: bracketed ?? plain ?? fallback, port }
}

/** The address as a URL needs it. */
export function origin({ host, port }: ListenAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
