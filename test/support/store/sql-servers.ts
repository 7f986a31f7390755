import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
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
  return {
    url,
    name,
    run: async (...statements) => runOn(kind, url, statements),
    drop: async () => {
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

async function runOn(
  kind: ServerKind,
  url: string,
  statements: string[],
): Promise<Record<string, unknown>[]> {
  let rows: Record<string, unknown>[] = []
  if (kind === 'postgres') {
    const client = new Client(url)
    await client.connect()
    try {
      for (const statement of statements) rows = (await client.query(statement)).rows
    } finally {
      await client.end()
    }
    return rows
  }
  const connection = await createConnection(url)
  try {
    for (const statement of statements) {
      const [found] = await connection.query(statement)
      rows = Array.isArray(found) ? found.map((row) => Object.fromEntries(Object.entries(row))) : []
    }
  } finally {
    await connection.end()
  }
  return rows
}
