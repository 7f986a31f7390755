import type { Entity } from './storage.ts'

/**
 * The row to write after `entity` was met, or undefined if it says nothing new. Null never replaces a known value:
 * what Telegram left out of one answer is not gone.
 */
export function mergeEntity(known: Entity | undefined, entity: Entity): Entity | undefined {
  if (known === undefined) return entity
  const merged = {
    id: known.id,
    hash: entity.hash,
    username: entity.username ?? known.username,
    phone: entity.phone ?? known.phone,
    name: entity.name ?? known.name,
  }
  const columns = ['hash', 'username', 'phone', 'name'] as const
  return columns.every((column) => merged[column] === known[column]) ? undefined : merged
}
