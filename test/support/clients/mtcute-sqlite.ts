import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { BaseSqliteStorageDriver, type ISqliteDatabase } from '@mtcute/core'

/** mtcute's own SQLite storage on `node:sqlite`: it knows only better-sqlite3, whose binary npm has no need to build here. */
export class MtcuteDriver extends BaseSqliteStorageDriver {
  readonly #file: string
  readonly #wal: boolean

  constructor(file: string, { wal = false }: { wal?: boolean } = {}) {
    super()
    this.#file = file
    this.#wal = wal
  }

  // oxlint-disable-next-line no-underscore-dangle -- mtcute's name
  override _createDatabase(): ISqliteDatabase {
    // better-sqlite3 waits so long for a lock.
    const db = new DatabaseSync(this.#file, { timeout: 5000 })
    // WAL as the driver of @mtcute/node, unless it is told not to.
    if (this.#wal) db.exec('pragma journal_mode = WAL')
    const database = {
      transaction:
        <Args extends unknown[]>(work: (...args: Args) => unknown) =>
        (...args: Args) => {
          db.exec('begin')
          const result = work(...args)
          db.exec('commit')
          return result
        },
      prepare: (sql: string) => {
        const statement = db.prepare(sql)
        return {
          run: (...values: SQLInputValue[]) => void statement.run(...values),
          get: (...values: SQLInputValue[]) => statement.get(...values),
          all: (...values: SQLInputValue[]) => statement.all(...values),
        }
      },
      exec: (sql: string) => db.exec(sql),
      close: () => db.close(),
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- mtcute's generics speak of better-sqlite3
    return database as unknown as ISqliteDatabase
  }
}
