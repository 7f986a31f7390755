import { UsageError } from '../../base/errors.ts'
import { MemoryStorage } from './memory-storage.ts'
import type { SessionStorage } from './storage.ts'

/** A copy of plain maps; the interface of a storage does not say how to copy any other. */
export function cloneOf(storage: SessionStorage): MemoryStorage {
  if (storage instanceof MemoryStorage) return storage.clone()
  throw new UsageError('session.cannot_clone', 'a session over your own storage cannot be cloned', {
    hint: 'Copy the storage, and make a session over the copy.',
  })
}
