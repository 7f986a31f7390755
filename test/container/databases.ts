import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { BareContainer } from '../../src/container/bare-container.ts'
import type { ContainerOptions } from '../../src/container/container-options.ts'
import type { SessionContainer } from '../../src/container/session-container.ts'
import type { ContainerSchema } from '../../src/container/tables/schema.ts'
import type { SqlKind } from '../../src/sql/kind.ts'
import { parseSqlUrl } from '../../src/sql/location.ts'
import { sqlClient } from '../../src/sql/open.ts'
import type { SqlLimits } from '../../src/sql/pool.ts'
import { missing } from '../support/requires.ts'
import { testDatabase } from '../support/store/sql-servers.ts'
import { steadyClock } from '../support/steady-clock.ts'

export const KEY = 'ab'.repeat(32)
export const AUTH_KEY = Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + 3) % 256)

/** Kysely over connections of ours; `destroy()` closes them. */
export function connect(
  url: string,
  { most = 1, limits }: { most?: number; limits?: Partial<SqlLimits> } = {},
): Kysely<ContainerSchema> {
  return sqlClient<ContainerSchema>(parseSqlUrl(url, '.'), { most, limits }).db
}

/** An empty database of a test's own. */
export interface OwnDatabase {
  kind: SqlKind
  /** Undefined for PGlite, which has none. */
  url: string
  where: ConstructorParameters<typeof SessionContainer>[0]
  run(...statements: string[]): Promise<Record<string, unknown>[]>
  drop(): Promise<void>
}

export interface Kind {
  name: string
  kind: SqlKind
  skip: string | false
  make: () => Promise<OwnDatabase>
}

export const POSTGRES: Kind = {
  name: 'Postgres',
  kind: 'postgres',
  skip: missing.postgres(),
  make: () => server('postgres'),
}
export const MARIADB: Kind = {
  name: 'MariaDB',
  kind: 'mysql',
  skip: missing.mariadb(),
  make: () => server('mysql'),
}
export const SQLITE: Kind = { name: 'SQLite', kind: 'sqlite', skip: false, make: sqlite }
export const PGLITE: Kind = { name: 'PGlite', kind: 'postgres', skip: false, make: pglite }
/** What a URL can name. */
export const SERVERS = [POSTGRES, MARIADB, SQLITE]
export const KINDS = [...SERVERS, PGLITE]

async function server(kind: 'postgres' | 'mysql'): Promise<OwnDatabase> {
  const database = await testDatabase(kind)
  return { ...database, kind, where: database.url }
}

async function sqlite(): Promise<OwnDatabase> {
  const file = path.join(os.tmpdir(), `tgsession-${randomUUID()}.db`)
  return {
    kind: 'sqlite',
    url: `sqlite:${file}`,
    where: `sqlite:${file}`,
    run: async (...statements) => {
      const database = new DatabaseSync(file, { timeout: 5000 })
      let rows: Record<string, unknown>[] = []
      for (const statement of statements)
        rows = database
          .prepare(statement)
          .all()
          .map((row) => ({ ...row }))
      database.close()
      return rows
    },
    drop: async () => rmSync(file, { force: true }),
  }
}

async function pglite(): Promise<OwnDatabase> {
  const pg = new PGlite()
  // oxlint-disable-next-line typescript/no-explicit-any
  const db = new Kysely<any>({ dialect: new PGliteDialect({ pglite: pg }) })
  return {
    kind: 'postgres',
    url: '',
    where: { db },
    run: async (...statements) => {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) ({ rows } = await pg.query<Record<string, unknown>>(statement))
      return rows
    },
    drop: async () => db.destroy(),
  }
}

/** Containers that are closed after the tests of the file or suite, whatever came of them. */
export function containers(): (
  database: Pick<OwnDatabase, 'where'>,
  options?: ContainerOptions,
) => BareContainer {
  const made: BareContainer[] = []
  after(async () => {
    await Promise.allSettled(made.map((container) => container.close()))
  })
  return (database, options = {}) => {
    const container = new BareContainer(database.where, { key: KEY, clock: steadyClock, ...options })
    made.push(container)
    return container
  }
}
