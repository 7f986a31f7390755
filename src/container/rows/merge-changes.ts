import { isDeepStrictEqual } from 'node:util'
import { mergeEntity } from '../../session/core/entity-merge.ts'
import type { SessionStorage } from '../../session/core/storage.ts'
import type { Changes } from './sql-storage.ts'

const AUTH = ['dcId', 'serverAddress', 'port', 'authKey', 'takeoutId'] as const

/**
 * Puts what a file holds into `storage`, as far as it says anything new: what is equal is not touched, and null never
 * replaces what is known.
 */
export function mergeChanges(storage: SessionStorage, changes: Changes): void {
  const { auth } = changes
  const before = storage.auth()
  if (auth !== undefined && AUTH.some((field) => !isDeepStrictEqual(auth[field], before[field])))
    storage.setAuth(auth)
  for (const [dcId, key] of changes.otherKeys)
    if (key !== undefined && !isDeepStrictEqual(key, storage.otherKey(dcId))) storage.setOtherKey(dcId, key)
  // Telethon leaves a username with everybody who ever had it; the newest comes last.
  const owners = new Map(changes.entities.map(({ entity: { id, username } }) => [username, id]))
  for (const { entity } of changes.entities) {
    const username = owners.get(entity.username) === entity.id ? entity.username : null
    const merged = mergeEntity(storage.entity(entity.id), { ...entity, username })
    if (merged === undefined) continue
    if (merged.username !== null) storage.evictUsername(merged.username, merged.id)
    storage.putEntity(merged, 0)
  }
  for (const [id, state] of changes.states)
    if (!isDeepStrictEqual(state, storage.updateState(id))) storage.setUpdateState(id, state)
  for (const [key, file] of changes.files)
    if (!isDeepStrictEqual(file, storage.sentFile(key))) storage.putSentFile(key, file)
}
