import { BadDataError } from '../../base/errors.ts'
import type { SessionCore } from './session-core.ts'
import type { Entity } from './storage.ts'
import { entityOf, integer, markedIdOf } from './tl-entities.ts'

/** InputPeer, InputUser, InputChannel: they say already what is to be found. */
const INPUT_TYPES = new Set([0xc91c90b6, 0xe669bf46, 0x40f202fd])

/** Both libraries hand InputUser and InputChannel through as they are, and their requests take them so. */
export function isInput(key: unknown): boolean {
  return (
    typeof key === 'object' &&
    key !== null &&
    'SUBCLASS_OF_ID' in key &&
    typeof key.SUBCLASS_OF_ID === 'number' &&
    INPUT_TYPES.has(key.SUBCLASS_OF_ID)
  )
}

/**
 * What a client's way of naming a peer means: an object of Telegram's, a text or an id.
 * Throws `BadDataError` (`session.unknown_peer`).
 */
export function findPeer(core: SessionCore, key: unknown): Entity {
  const found = entityOf(key) ?? find(core, key)
  if (found !== undefined) return found
  throw new BadDataError('session.unknown_peer', 'this session has not met that peer', {
    hint: 'Let the client see it once: by its username, in a dialog, or in a common chat.',
  })
}

function find(core: SessionCore, key: unknown): Entity | undefined {
  if (typeof key === 'string') return core.findByText(key)
  const marked = markedIdOf(key)
  if (marked !== undefined) return core.findById(marked, true)
  const id = integer(key)
  return id === undefined ? undefined : core.findById(id)
}
