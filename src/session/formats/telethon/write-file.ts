import { keepPeers } from '../../core/peers.ts'
import { SqliteStorage } from './storage.ts'
import { addressOf } from '../checks.ts'
import type { PortableSession } from '../portable-session.ts'
import { createTelethonFile } from './file.ts'
import { writeAccount } from './account-row.ts'

/** A new file with all that the session holds. Throws `UsageError` (`session.needs_server_address`). */
export async function writeTelethonFile(session: PortableSession): Promise<Uint8Array> {
  const { dcId, authKey, takeoutId, userId } = session
  // A client takes a session without an address to a data centre of its own choice, which does not know the key.
  const { serverAddress, port } = authKey === undefined ? session : addressOf(session, () => true)
  const file = await createTelethonFile()
  const storage = new SqliteStorage(file)
  try {
    writeAccount(file.db, session)
    storage.setAuth({ dcId, serverAddress, port, authKey, takeoutId })
    for (const [dc, key] of session.otherKeys) storage.setOtherKey(dc, key)
    for (const peer of session.entities.toSorted((one, other) => (one.date ?? 0) - (other.date ?? 0)))
      keepPeers(storage, [withoutExtras(peer)], peer.date ?? 0)
    for (const [id, state] of session.updateStates) storage.setUpdateState(id, state)
    for (const [key, sent] of session.sentFiles) storage.putSentFile(key, sent)
    if (userId !== undefined)
      storage.putEntity({ id: 0n, hash: userId, username: null, phone: null, name: null }, 0)
    return await storage.export()
  } finally {
    storage.close()
  }
}

function withoutExtras({ id, hash, username, phone, name }: PortableSession['entities'][number]) {
  return { id, hash, username, phone, name }
}
