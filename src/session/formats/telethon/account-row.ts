import type { SqlDatabase } from '../../sqlite/database.ts'
import type { PortableSession } from '../portable-session.ts'
import type { TelethonTables } from './file.ts'

/** What other libraries know of an account and Telethon does not. A table of ours, which Telethon leaves alone. */
const TABLE = 'tgsession_account'

export function readAccount({ rows }: TelethonTables): Pick<PortableSession, 'isBot' | 'apiId'> {
  const { is_bot: isBot, api_id: apiId } = rows(TABLE)[0] ?? {}
  return {
    isBot: typeof isBot === 'bigint' ? isBot !== 0n : undefined,
    apiId: typeof apiId === 'bigint' && apiId > 0n && apiId <= 0x7fffffffn ? Number(apiId) : undefined,
  }
}

export function writeAccount(
  db: SqlDatabase,
  { isBot, apiId }: Pick<PortableSession, 'isBot' | 'apiId'>,
): void {
  if (isBot === undefined && apiId === undefined) return
  db.script(`create table if not exists ${TABLE} (is_bot integer, api_id integer); delete from ${TABLE};`)
  db.run(
    `insert into ${TABLE} values (?, ?)`,
    isBot === undefined ? null : BigInt(isBot),
    apiId === undefined ? null : BigInt(apiId),
  )
}
