import type { Kysely } from 'kysely'
import { type DatabaseOptions, SqlDatabase } from '../../sql/database.ts'
import type { AnyKysely } from '../../sql/kind.ts'
import { type ContainerSchema, prefixPlugin } from './schema.ts'

export type Db = Kysely<ContainerSchema>

/** The tables of a container, behind their prefix. */
export class Database extends SqlDatabase<ContainerSchema> {
  readonly prefix: string
  /** Of one statement: far below what servers take as parameters, and in bytes. */
  mostRows = 1000

  constructor(
    db: AnyKysely,
    { tablePrefix, ...options }: Omit<DatabaseOptions, 'plugin'> & { tablePrefix: string },
  ) {
    super(db, { ...options, plugin: prefixPlugin(tablePrefix) })
    this.prefix = tablePrefix
  }
}
