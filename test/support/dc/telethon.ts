import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { PYTHON } from '../requires.ts'

export interface TelethonJob {
  connection?:
    | 'ConnectionTcpFull'
    | 'ConnectionTcpAbridged'
    | 'ConnectionTcpIntermediate'
    | 'ConnectionTcpObfuscated'
  session?: string
  phone?: string
  code?: string
  password?: string
  text?: string
  listen?: boolean
  history?: boolean
  /** Calls what else the server knows, and logs out. */
  more?: boolean
}

/** Runs Debian's Telethon against `dc`; `onLine` sees what it says as it says it. Returns all of it, merged. */
export async function telethon(
  dc: FakeDc,
  job: TelethonJob,
  onLine: (fields: Record<string, unknown>) => void = () => {},
): Promise<Record<string, unknown>> {
  const child = spawn(PYTHON, [path.join(import.meta.dirname, 'telethon_client.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.stdin.end(
    JSON.stringify({
      connection: 'ConnectionTcpFull',
      pem: dc.publicKeyPem,
      host: dc.host,
      port: dc.port,
      dc: dc.dcId,
      ...job,
    }),
  )
  const said: Record<string, unknown> = {}
  for await (const line of createInterface(child.stdout)) {
    const fields: Record<string, unknown> = JSON.parse(line)
    Object.assign(said, fields)
    onLine(fields)
  }
  const code = await exit
  if (code !== 0) throw new Error(`Telethon ended with ${code}: ${errors}`)
  return said
}
