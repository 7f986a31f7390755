import { mergeEntity } from './entity-merge.ts'
import { markedId } from './marked-id.ts'
import { inviteGroupId, parseId, parsePhone, parseUsername } from './peer-text.ts'
import type { Entity, SessionStorage } from './storage.ts'

/** How peers are kept in a session's rows and found there, by Telethon's rules. */

/**
 * Adds or refreshes them. Null never replaces a known value; a row that says nothing new is not rewritten; a username has
 * one owner. Says whether anything changed.
 */
export function keepPeers(rows: SessionStorage, entities: readonly Entity[], seconds: number): boolean {
  let changes = 0
  rows.transaction(() => {
    for (const entity of entities) {
      const { id, username } = entity
      const merged = mergeEntity(rows.entity(id), entity)
      // Telethon leaves a username with those who had it before, so that even one who is known to have it may not be found.
      const isNewOwner = username !== null && rows.findEntity('username', username)?.id !== id
      if (isNewOwner) rows.evictUsername(username, id)
      if (merged !== undefined) rows.putEntity(merged, seconds)
      if (isNewOwner || merged !== undefined) changes++
    }
  })
  return changes > 0
}

/** A negative id is marked; a positive one may be the bare id of a user, a basic group or a channel. */
export function peerById(rows: SessionStorage, id: bigint, exact = id < 0n): Entity | undefined {
  // Row 0 holds the account's own id.
  if (id === 0n) return undefined
  if (exact) return rows.entity(id)
  return rows.entity(id) ?? rows.entity(-id) ?? rows.entity(markedId({ kind: 'channel', id }))
}

/**
 * In Telethon's order: phone, username or link, invite link, exact name. Bare digits are an id first, as GramJS reads
 * them, and a phone number only if no peer has that id.
 */
export function peerByText(rows: SessionStorage, text: string): Entity | undefined {
  // Somebody without a name must not be found by none.
  if (text.trim() === '') return undefined
  const id = parseId(text)
  const byId = id === undefined ? undefined : peerById(rows, id)
  if (byId !== undefined) return byId
  const found = text.startsWith('-') ? undefined : byPhoneOrLink(rows, text)
  return found ?? rows.findEntity('name', text)
}

function byPhoneOrLink(rows: SessionStorage, text: string): Entity | undefined {
  const phone = parsePhone(text)
  if (phone !== undefined) return rows.findEntity('phone', phone)
  const { username, invite = text } = parseUsername(text)
  if (username !== undefined) return rows.findEntity('username', username)
  const id = inviteGroupId(invite)
  if (id === undefined) return undefined
  return rows.entity(markedId({ kind: 'channel', id })) ?? rows.entity(-id)
}
