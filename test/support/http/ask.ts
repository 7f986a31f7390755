import { request } from 'node:http'

export interface Heard {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

export interface Asking {
  method?: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  raw?: string
}

/** One request with exactly these headers: browsers and `fetch` add their own, and refuse some. */
export async function ask(port: number, path: string, how: Asking = {}): Promise<Heard> {
  const { method = 'GET', headers = {}, json, raw } = how
  const body = json === undefined ? raw : JSON.stringify(json)
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' }
  return await new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, agent: false, headers: { ...type, ...headers } },
      (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts).toString(),
          }),
        )
        answer.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}
