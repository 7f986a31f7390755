import { createHash } from 'node:crypto'
import type { FakePerson } from '../options.ts'
import type { TlObject } from '../tl/value.ts'
import type { Account, SavedMessage } from '../world/account.ts'

/** The access hash of a user: some number that stays the same. */
export function accessHash(userId: bigint): bigint {
  return createHash('sha256').update(`access hash of ${userId}`).digest().readBigInt64LE()
}

/** The account as it sees itself. */
export function selfUser({ fields }: Account): TlObject {
  const isBot = fields.token !== null
  return {
    _: 'user',
    self: true,
    bot: isBot,
    id: fields.userId,
    access_hash: accessHash(fields.userId),
    first_name: fields.firstName,
    username: fields.username ?? undefined,
    phone: fields.phone ?? undefined,
    bot_info_version: isBot ? 1 : undefined,
  }
}

/** A message of Saved Messages: from the account, in the chat with itself. */
export function savedMessage(account: Account, { id, text, date }: SavedMessage): TlObject {
  const self = { _: 'peerUser', user_id: account.userId }
  return {
    _: 'message',
    out: true,
    id,
    from_id: self,
    peer_id: self,
    saved_peer_id: self,
    date,
    message: text,
  }
}

/** Another person, as a client learns of them: with the hash that it needs to write to them. */
export function otherUser({ userId, firstName, username }: FakePerson): TlObject {
  return { _: 'user', id: userId, access_hash: accessHash(userId), first_name: firstName, username }
}

/** The message with those that it mentions; for the one who sent it also which of his it is. */
export function newMessageUpdates(
  account: Account,
  message: SavedMessage,
  { from, randomId }: { from?: FakePerson | undefined; randomId?: bigint } = {},
): TlObject {
  return {
    _: 'updates',
    updates: [
      ...(randomId === undefined ? [] : [{ _: 'updateMessageID', id: message.id, random_id: randomId }]),
      {
        _: 'updateNewMessage',
        message: savedMessage(account, message),
        pts: message.pts,
        pts_count: 1,
      },
    ],
    users: [selfUser(account), ...(from ? [otherUser(from)] : [])],
    chats: [],
    date: message.date,
    seq: 0,
  }
}
