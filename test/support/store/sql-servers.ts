import { randomBytes } from 'node:crypto'
import { createPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { MYSQL_URL, POSTGRES_URL } from '../requires.ts'

/** An empty database of a test's own, and its administrator. */
export interface TestDatabase {
  url: string
  name: string
  run(...statements: string[]): Promise<Record<string, unknown>[]>
  drop(): Promise<void>
}

export type ServerKind = 'postgres' | 'mysql'

export async function testDatabase(kind: ServerKind, serverUrl?: string): Promise<TestDatabase> {
  const server = serverUrl ?? (kind === 'postgres' ? POSTGRES_URL : MYSQL_URL)
  const name = freshName()
  const url = withDatabase(server, name)
  // template1, the default, must not be in use by anybody at that moment.
  const template = kind === 'postgres' ? ' TEMPLATE template0' : ''
  await runOn(kind, server, [`CREATE DATABASE ${name}${template}`])
  const connection = connectionTo(kind, url)
  return {
    url,
    name,
    run: async (...statements) => connection.run(statements),
    drop: async () => {
      await connection.end()
      await runOn(kind, server, [`DROP DATABASE ${name}${kind === 'postgres' ? ' WITH (FORCE)' : ''}`])
    },
  }
}

export function freshName(): string {
  return `tgsession_test_${randomBytes(8).toString('hex')}`
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

export function withUser(url: string, user: string, password = ''): string {
  const changed = new URL(url)
  changed.username = user
  changed.password = password
  return changed.href
}

export function withPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}

async function runOn(kind: ServerKind, url: string, statements: string[]): Promise<void> {
  const administrator = connectionTo(kind, url)
  try {
    await administrator.run(statements)
  } finally {
    await administrator.end()
  }
}

type Rows = Record<string, unknown>[]

/** One connection, which is kept for a second: a test that polls does not connect for each look. */
function connectionTo(
  kind: ServerKind,
  url: string,
): { run: (statements: string[]) => Promise<Rows>; end: () => Promise<void> } {
  if (kind === 'postgres') {
    const pool = new Pool({ connectionString: url, max: 1, idleTimeoutMillis: 1000, allowExitOnIdle: true })
    // The server ends an idle one where the test restarts it.
    pool.on('error', () => undefined)
    const run = async (statements: string[]): Promise<Rows> => {
      const client = await pool.connect()
      let rows: Rows = []
      try {
        for (const statement of statements)
          rows = (await client.query<Record<string, unknown>>(statement)).rows
      } finally {
        client.release()
      }
      return rows
    }
    return { run, end: () => pool.end() }
  }
  const pool = createPool({ uri: url, connectionLimit: 1, maxIdle: 0, idleTimeout: 1000 })
  const run = async (statements: string[]): Promise<Rows> => {
    const connection = await pool.getConnection()
    let rows: Rows = []
    try {
      for (const statement of statements) {
        const [found] = await connection.query(statement)
        rows = Array.isArray(found) ? found.map((row) => Object.fromEntries(Object.entries(row))) : []
      }
    } finally {
      connection.release()
    }
    return rows
  }
  return { run, end: () => pool.end() }
}
