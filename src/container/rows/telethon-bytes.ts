import { SqliteStorage } from '../../session/formats/telethon/storage.ts'
import { createTelethonFile } from '../../session/formats/telethon/file.ts'
import type { LoadedRows } from './sql-storage.ts'

/** The rows as a Telethon file; a secret. */
export async function telethonFile(rows: LoadedRows): Promise<Uint8Array> {
  const storage = new SqliteStorage(await createTelethonFile())
  try {
    storage.setAuth(rows.auth)
    storage.transaction(() => {
      for (const [dcId, key] of rows.otherKeys) storage.setOtherKey(dcId, key)
      // Dates keep the order: of several matches the newest is found.
      const newest = Math.floor(Date.now() / 1000)
      for (const [index, entity] of rows.entities.entries())
        storage.putEntity(entity, Math.max(0, newest - rows.entities.length + index))
      for (const [id, state] of rows.states) storage.setUpdateState(id, state)
      for (const [key, file] of rows.files) storage.putSentFile(key, file)
    })
    return await storage.export()
  } finally {
    storage.close()
  }
}
