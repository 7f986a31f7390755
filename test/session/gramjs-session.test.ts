import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import bigInt from 'big-integer'
import { TelegramClient } from 'telegram'
import { AuthKey } from 'telegram/crypto/AuthKey.js'
import { Api } from 'telegram/tl/index.js'
import type { GramSession } from '../../src/session/gramjs-session.ts'
import { MemorySession } from '../../src/session/memory-session.ts'
import type { CoreOptions } from '../../src/session/session-core.ts'
import { SQLiteSession } from '../../src/session/sqlite-session.ts'
import { HASH, KEY } from '../fixtures/session/schemas.ts'

const makers: Record<string, (options?: CoreOptions) => GramSession> = {
  MemorySession: (options) => new MemorySession(options),
  SQLiteSession: (options) => new SQLiteSession(undefined, options),
}

const user = (id: number, more: object = {}): Api.User =>
  new Api.User({ id: bigInt(id), accessHash: bigInt(HASH), ...more })

/** What `connect()` does before it opens a socket. */
// oxlint-disable-next-line no-underscore-dangle -- GramJS's name
const initSession = (client: TelegramClient): Promise<void> => client._initSession()

async function open(make: (options?: CoreOptions) => GramSession): Promise<GramSession> {
  const session = make({ onError: (error) => assert.fail(error) })
  await session.load()
  return session
}

for (const [name, make] of Object.entries(makers)) {
  describe(`${name} under GramJS`, () => {
    it('is accepted by the client, which loads it and chooses its default home', async () => {
      const session = make()
      const client = new TelegramClient(session, 1, 'hash', {})
      await initSession(client)
      assert.equal(session.dcId, 4)
      assert.equal(session.serverAddress, '149.154.167.91')
      session.setDC(2, '149.154.167.51', 443)
      await initSession(client)
      assert.deepEqual([session.dcId, session.serverAddress, session.port], [2, '149.154.167.51', 443])
      await client.destroy()
    })

    it('serves the lookups of the client', async () => {
      const session = make()
      const client = new TelegramClient(session, 1, 'hash', {})
      await session.load()
      session.processEntities([user(777, { username: 'durov' })])
      const peer = await client.getInputEntity('@durov')
      assert.ok(peer instanceof Api.InputPeerUser)
      assert.equal(String(peer.accessHash), String(HASH))
      await client.destroy()
    })

    it('keeps its key when the client mutates the object, in or out', async () => {
      const session = await open(make)
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      session.setAuthKey(key)
      await key.setKey(undefined)
      const given = session.getAuthKey()
      assert.deepEqual(session.authKeyBytes, KEY)
      assert.deepEqual(given?.getKey(), Buffer.from(KEY))
      await given.setKey(undefined)
      assert.deepEqual(session.authKey?.getKey(), Buffer.from(KEY))
      assert.notEqual(session.getAuthKey(), session.getAuthKey())
    })

    it('gives an AuthKey as GramJS would compute it', async () => {
      const session = await open(make)
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      session.authKey = key
      assert.deepEqual(session.authKey, key)
    })

    it('takes an emptied AuthKey for no key', async () => {
      const session = await open(make)
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      session.setAuthKey(key)
      const kinds: string[] = []
      session.onChange((kind) => kinds.push(kind))
      await key.setKey(undefined)
      session.setAuthKey(key)
      assert.equal(session.authKey, undefined)
      assert.deepEqual(kinds, ['auth'])
    })

    it('keeps exact hashes of what it is shown, and the own id', async () => {
      const session = await open(make)
      session.processEntities(
        new Api.contacts.ResolvedPeer({
          peer: new Api.PeerUser({ userId: bigInt(777) }),
          users: [
            user(777, {
              self: true,
              username: 'Durov',
              phone: '15551234',
              firstName: 'Pavel',
              lastName: 'D',
            }),
          ],
          chats: [
            new Api.Channel({
              id: bigInt(5),
              accessHash: bigInt(HASH),
              title: 'News',
              photo: new Api.ChatPhotoEmpty(),
              date: 0,
            }),
            new Api.ChatForbidden({ id: bigInt(1001234567), title: 'Group' }),
          ],
        }),
      )
      assert.equal(session.userId, 777n)
      const pavel = new Api.InputPeerUser({ userId: bigInt(777), accessHash: bigInt(HASH) })
      for (const key of [
        'durov',
        '+15551234',
        'Pavel D',
        '777',
        777,
        bigInt(777),
        new Api.PeerUser({ userId: bigInt(777) }),
      ])
        assert.deepEqual(plain(session.getInputEntity(key)), plain(pavel))
      const channel = new Api.InputPeerChannel({ channelId: bigInt(5), accessHash: bigInt(HASH) })
      for (const key of ['News', '-1000000000005', 5, new Api.PeerChannel({ channelId: bigInt(5) })])
        assert.deepEqual(plain(session.getInputEntity(key)), plain(channel))
      const group = new Api.InputPeerChat({ chatId: bigInt(1001234567) })
      for (const key of ['Group', -1001234567, new Api.PeerChat({ chatId: bigInt(1001234567) })])
        assert.deepEqual(plain(session.getInputEntity(key)), plain(group))
    })

    it('skips what cannot be reached by its hash', async () => {
      const session = await open(make)
      session.processEntities({
        users: [
          user(1, { min: true }),
          new Api.User({ id: bigInt(2) }),
          new Api.UserEmpty({ id: bigInt(3) }),
        ],
        user: user(4, { accessHash: bigInt(0) }),
      })
      for (const id of [1, 2, 3, 4])
        assert.throws(() => session.getInputEntity(id), { code: 'session.unknown_peer' })
    })

    it('hands input peers through', async () => {
      const session = await open(make)
      for (const peer of [
        new Api.InputPeerSelf(),
        new Api.InputUser({ userId: bigInt(1), accessHash: bigInt(2) }),
      ])
        assert.equal(session.getInputEntity(peer), peer)
    })

    it('keeps no peers with saveEntities off, but knows itself', async () => {
      const session = make({ saveEntities: false })
      await session.load()
      session.processEntities([user(777, { self: true })])
      assert.throws(() => session.getInputEntity(777), { code: 'session.unknown_peer' })
      assert.equal(session.userId, 777n)
      session.saveEntities = true
      session.processEntities([user(777)])
      assert.ok(session.getInputEntity(777))
    })

    it('never throws at what it is shown', async () => {
      const session = await open(make)
      const trap = new Proxy({}, { get: () => assert.fail('looked at'), has: () => false })
      const values = [
        null,
        undefined,
        1,
        'x',
        true,
        [],
        [null, 1, {}],
        { users: null },
        { users: 7, chats: 'x' },
        { user: {} },
        new Map(),
      ]
      for (const value of values) session.processEntities(value)
      const reported: Error[] = []
      const other = make({ onError: (error) => reported.push(error) })
      await other.load()
      other.processEntities(trap)
      assert.equal(reported.length, 1)
    })
  })
}

/** big-integer compares by identity, so compare digits. */
function plain(value: object): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (bigInt.isInstance(item) ? item.toString() : item)),
  )
}
