import { randomBytes } from 'node:crypto'
import bigInt from 'big-integer'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { Api } from 'telegram/tl/index.js'
import { SQLiteSession } from '../../../src/clients/gramjs/sqlite-session.ts'

const user = (id: number, more: object): Api.User =>
  new Api.User({ id: bigInt(id), accessHash: bigInt(7), ...more })

/** A real session file. `peers` makes another file with the same key. */
export async function sessionBytes(
  options: { key?: Uint8Array; userId?: number; name?: string; peers?: number } = {},
): Promise<Uint8Array> {
  const session = new SQLiteSession()
  await session.load()
  session.setDC(2, '149.154.167.51', 443)
  const key = new AuthKey()
  await key.setKey(Buffer.from(options.key ?? randomBytes(256)))
  session.setAuthKey(key)
  if (options.userId !== undefined)
    session.processEntities([user(options.userId, { self: true, firstName: options.name })])
  for (let peer = 0; peer < (options.peers ?? 0); peer++) session.processEntities([user(9000 + peer, {})])
  const bytes = await session.toBytes()
  await session.close()
  return bytes
}

export const randomKey = (): Uint8Array => randomBytes(256)

/** Of the account of test/support/rig.ts, as if it had logged in: its only entity is its user. */
export const rigSession = (): Promise<Uint8Array> => sessionBytes({ userId: 777_001, name: 'Rig' })
