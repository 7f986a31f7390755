import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freePort } from '../free-port.ts'
import { POSTGRES_PROGRAMS, POSTGRES_URL } from '../requires.ts'

export interface Program {
  /** Of the administrator. */
  url: string
  folder: string
  stop(): Promise<void>
}

/** A Postgres of one's own that asks for a password (SCRAM) and has a certificate for `localhost`, in ca.pem. */
export async function startPostgres(password: string): Promise<Program> {
  if (POSTGRES_PROGRAMS === undefined) throw new Error('Postgres is not installed')
  const folder = ownFolder()
  const port = await freePort()
  const at = (name: string): string => path.join(folder, name)
  writeFileSync(at('password'), password)
  const certificate = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`
  run('openssl', [...certificate.split(' '), '-keyout', at('key.pem'), '-out', at('ca.pem')])
  const data = at('data')
  const cluster = ['-D', data, '-U', 'admin', '-A', 'scram-sha-256', '--pwfile', at('password'), '-N']
  run(`${POSTGRES_PROGRAMS}/initdb`, cluster)
  const settings = [
    'ssl=on',
    `ssl_cert_file=${at('ca.pem')}`,
    `ssl_key_file=${at('key.pem')}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
  ]
  const server = start(`${POSTGRES_PROGRAMS}/postgres`, [
    '-D',
    data,
    '-p',
    String(port),
    ...settings.flatMap((setting) => ['-c', setting]),
  ])
  const url = `postgres://admin:${encodeURIComponent(password)}@localhost:${port}/postgres`
  return running(server, folder, port, url)
}

/** PgBouncer before the tests' Postgres, with one server connection per database, handed on after every transaction. */
export async function startPgBouncer(): Promise<Program> {
  const { hostname, port: behind, username, password } = new URL(POSTGRES_URL)
  const folder = ownFolder()
  const port = await freePort()
  const user = decodeURIComponent(username)
  const secret = password === '' ? '' : ` password=${decodeURIComponent(password)}`
  const config = `[databases]
* = host=${hostname} port=${behind} user=${user}${secret}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
`
  writeFileSync(path.join(folder, 'pgbouncer.ini'), config, { mode: 0o644 })
  const server = start('pgbouncer', ['-q', path.join(folder, 'pgbouncer.ini')])
  return running(server, folder, port, `postgres://${username}@127.0.0.1:${port}/postgres`)
}

/** A MariaDB that takes no statements that are larger than this. */
export async function startMariadb(maxAllowedPacket: number): Promise<Program> {
  const folder = ownFolder()
  const port = await freePort()
  const data = path.join(folder, 'data')
  run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
  ])
  const server = start('mariadbd', [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${path.join(folder, 's')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--max-allowed-packet=${maxAllowedPacket}`,
  ])
  return running(server, folder, port, `mysql://root@127.0.0.1:${port}/mysql`, 'SIGTERM')
}

async function running(
  server: ChildProcess,
  folder: string,
  port: number,
  url: string,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Program> {
  const ended = once(server, 'exit')
  const stop = async (): Promise<void> => {
    server.kill(signal)
    await ended
    rmSync(folder, { recursive: true })
  }
  for (const deadline = Date.now() + 120_000; !(await answers(port));) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`${server.spawnfile} does not start`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { url, folder, stop }
}

/** Neither program runs as root: then it runs as the user `postgres`, which comes with them. */
function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
}

function ownFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tgsession-sql-'))
  const { uid, gid } = identity()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return folder
}

function run(command: string, args: string[]): void {
  execFileSync(command, args, { ...identity(), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
}

function start(command: string, args: string[]): ChildProcess {
  return spawn(command, args, { ...identity(), cwd: '/', stdio: 'ignore' })
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
