import { PGlite } from '@electric-sql/pglite'
import { SqlClient } from '../../../src/sql/client.ts'
import type { SqlConnection, SqlResult } from '../../../src/sql/connection.ts'
import { postgresFault } from '../../../src/sql/postgres.ts'
import { SqlStore } from '../../../src/store/sql/sql-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { isPostgresThere } from '../../support/requires.ts'

/** Postgres as a library, in one process: it knows the SQL, but has no connections. */
class PgliteConnection implements SqlConnection {
  readonly #database: PGlite
  readonly usable = true

  constructor(database: PGlite) {
    this.#database = database
  }

  async open(): Promise<void> {
    await this.#database.waitReady
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<SqlResult> {
    const { rows, affectedRows } = await this.#database.query(sql, [...parameters])
    return { rows, affected: affectedRows ?? 0 }
  }

  hold(): void {}
  end(): void {}
  destroy(): void {}
}

// Where the real one is, it says more.
if (!isPostgresThere() || process.env['TGSESSION_TEST_PGLITE'] === '1')
  storeContract('postgres, PGlite', async () => {
    const database = new PGlite()
    const open = (): SqlStore =>
      new SqlStore(
        new SqlClient(
          {
            kind: 'postgres',
            label: 'postgres:pglite',
            engine: async () => ({ connect: () => new PgliteConnection(database), fault: postgresFault }),
          },
          { most: 2 },
        ),
        { pageSize: 10 },
      )
    return { store: open(), another: async () => open(), close: async () => database.close() }
  })
