import type { AuthState } from '../../session/core/storage.ts'
import { keyFingerprint } from '../../session/inspect.ts'
import type { Db } from '../tables/database.ts'
import type { LoadedRows } from './sql-storage.ts'
import { type RowsOf, upsert } from './write-rows.ts'

/** A key that a program made of the session's, outside a login. */
export interface Quarantined {
  keyFingerprint: string
  /** ISO 8601, UTC. */
  at: string
  /** Which instance quarantine it. */
  by: string
  reason: string
}

/** A program that changes its key at every start must not fill the table. */
const MOST_QUARANTINED = 10

/** Keeps the key of a session that is not to be used; nothing where it has none. */
export async function quarantine(
  of: RowsOf,
  db: Db,
  auth: AuthState | undefined,
  { reason, by }: { reason: string; by: string },
): Promise<void> {
  if (auth?.authKey === undefined) return
  const fingerprint = keyFingerprint(auth.authKey)
  const row = {
    session_id: of.id,
    key_fingerprint: fingerprint,
    at: new Date(of.database.clock.wall()).toISOString(),
    label: by,
    reason,
    dc_id: auth.dcId,
    server_address: auth.serverAddress ?? null,
    port: auth.serverAddress === undefined ? null : auth.port,
    auth_key: of.seal.seal(auth.authKey, of.id, `quarantined ${fingerprint}`),
  }
  await upsert(
    of.database,
    db,
    'tgsession_aside',
    [row],
    ['session_id', 'key_fingerprint'],
    ['at', 'label', 'reason'],
  )
  const tooMany = (await listQuarantined(of, db))
    .slice(MOST_QUARANTINED)
    .map((quarantined) => quarantined.keyFingerprint)
  if (tooMany.length > 0)
    await db
      .deleteFrom('tgsession_aside')
      .where('session_id', '=', of.id)
      .where('key_fingerprint', 'in', tooMany)
      .execute()
}

/** The newest first. */
export async function listQuarantined({ id }: Pick<RowsOf, 'id'>, db: Db): Promise<Quarantined[]> {
  const rows = await db
    .selectFrom('tgsession_aside')
    .select(['key_fingerprint as keyFingerprint', 'at', 'label as by', 'reason'])
    .where('session_id', '=', id)
    .orderBy('at', 'desc')
    .execute()
  return rows
}

/** Undefined where no such key is kept. Throws as `KeySeal.open`. */
export async function readQuarantined(
  of: RowsOf,
  db: Db,
  fingerprint: string,
): Promise<LoadedRows | undefined> {
  const row = await db
    .selectFrom('tgsession_aside')
    .select(['dc_id', 'server_address', 'port', 'auth_key'])
    .where('session_id', '=', of.id)
    .where('key_fingerprint', '=', fingerprint)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const auth = {
    dcId: Number(row.dc_id),
    serverAddress: row.server_address ?? undefined,
    port: Number(row.port ?? 443),
    authKey: of.seal.open(row.auth_key, of.id, `quarantined ${fingerprint}`),
    takeoutId: undefined,
  }
  return { auth, otherKeys: new Map(), entities: [], complete: true, written: 0n, states: [], files: [] }
}
