import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import bigInt from 'big-integer'
import type { TelegramClient as Client } from 'telegram'
import type { Api as Types } from 'telegram/tl/index.js'
import type { BaseSession } from '../../src/clients/gramjs/base-session.ts'
import type { CoreOptions } from '../../src/session/core/session-core.ts'
import { OwnStorage } from '../../examples/own-storage.ts'
import { HASH, KEY } from '../fixtures/session/schemas.ts'
import { LIBRARIES } from './libraries.ts'

/** What `connect()` does before it opens a socket. */
// oxlint-disable-next-line no-underscore-dangle -- GramJS's name
const initSession = (client: Client): Promise<void> => client._initSession()

async function open(make: (options?: CoreOptions) => BaseSession): Promise<BaseSession> {
  const session = make({ onError: (error) => assert.fail(error) })
  await session.load()
  return session
}

const makers = LIBRARIES.flatMap(({ MemorySession, SQLiteSession, ...library }) => [
  {
    ...library,
    kind: 'MemorySession',
    make: (options?: CoreOptions): BaseSession => new MemorySession(options),
  },
  {
    ...library,
    kind: 'SQLiteSession',
    make: (options?: CoreOptions): BaseSession => new SQLiteSession(undefined, options),
  },
])

for (const { name, kind, home, make, Api, AuthKey, TelegramClient } of makers) {
  const user = (id: number, more: object = {}): Types.User =>
    new Api.User({ id: bigInt(id), accessHash: bigInt(HASH), ...more })

  describe(`${kind} under ${name}`, () => {
    it('is accepted by the client, which loads it and chooses its default home', async () => {
      const session = make()
      const client = new TelegramClient(session, 1, 'hash', {})
      await initSession(client)
      assert.deepEqual([session.dcId, session.serverAddress], home)
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
      session.onChange((change) => kinds.push(change))
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

    it('finds by what cannot be reached by itself, as Telethon does', async () => {
      const session = await open(make)
      session.processEntities([user(777)])
      const { accessHash: _, ...withoutHash } = user(777)
      for (const key of [user(777, { min: true }), new Api.User(withoutHash)])
        assert.equal(Object(session.getInputEntity(key)).accessHash.toString(), String(HASH))
      assert.throws(() => session.getInputEntity(user(778, { min: true })), { code: 'session.unknown_peer' })
      // A basic group needs no hash.
      const group = session.getInputEntity(new Api.PeerChat({ chatId: bigInt(9) }))
      assert.deepEqual(plain(group), plain(new Api.InputPeerChat({ chatId: bigInt(9) })))
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

    it('remembers sent files and gives them as objects of the library', async () => {
      const session = await open(make)
      const md5 = Uint8Array.from({ length: 16 }, (_, i) => i)
      assert.equal(session.getFile(md5, 10, Api.InputPhoto), undefined)
      const fields = { id: bigInt(5), accessHash: bigInt(HASH), fileReference: Buffer.from('old') }
      session.cacheFile(md5, 10, new Api.InputPhoto(fields))
      const found = session.getFile(md5, 10, Api.InputPhoto)
      assert.ok(found instanceof Api.InputPhoto)
      assert.deepEqual([String(found.id), String(found.accessHash)], ['5', String(HASH)])
      assert.equal(session.getFile(md5, 10, Api.InputDocument), undefined)
      assert.equal(session.getFile(md5, 11, Api.InputPhoto), undefined)
      assert.throws(() => session.getFile(md5.subarray(1), 10, Api.InputPhoto), { code: 'session.bad_file' })
    })

    it('tells all update states', async () => {
      const session = await open(make)
      const state = { pts: 1, qts: 2, date: 3, seq: 4 }
      session.setUpdateState(0, state)
      session.setUpdateState(5n, state)
      assert.deepEqual(session.getUpdateStates(), [
        [0n, state],
        [5n, state],
      ])
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

for (const { name, MemorySession, SQLiteSession, Api, AuthKey } of LIBRARIES) {
  describe(`a clone under ${name}`, () => {
    it('holds the same and goes its own way', async () => {
      const sources = [new MemorySession(), new SQLiteSession()]
      for (const source of sources) {
        await source.load()
        source.setDC(2, '149.154.167.51', 443)
        const key = new AuthKey()
        await key.setKey(Buffer.from(KEY))
        source.setAuthKey(key)
        source.processEntities([
          new Api.User({ id: bigInt(777), accessHash: bigInt(HASH), username: 'durov' }),
        ])
        source.saveEntities = false
        const copy = await source.clone()
        assert.deepEqual([copy.dcId, copy.authKeyBytes, copy.saveEntities], [2, KEY, false])
        assert.ok(copy.getInputEntity('durov') instanceof Api.InputPeerUser)
        copy.setAuthKey(undefined)
        copy.setUpdateState(0, { pts: 1, qts: 1, date: 1, seq: 1 })
        assert.deepEqual(source.authKeyBytes, KEY)
        assert.deepEqual(source.getUpdateStates(), [])
      }
    })
  })
}

for (const { name, MemorySession, AuthKey, Api } of LIBRARIES) {
  describe(`a session of ${name} over a storage of one's own`, () => {
    it('keeps everything there', async () => {
      const storage = new OwnStorage(':memory:')
      const session = new MemorySession({ storage })
      const key = new AuthKey()
      await key.setKey(Buffer.from(KEY))
      session.setDC(2, '149.154.167.51', 443)
      session.setAuthKey(key)
      session.processEntities([
        new Api.User({ id: bigInt(777), accessHash: bigInt(HASH), username: 'Durov' }),
      ])
      const again = new MemorySession({ storage })
      assert.deepEqual([again.dcId, again.authKeyBytes], [2, KEY])
      assert.ok(again.getInputEntity('@durov') instanceof Api.InputPeerUser)
      assert.throws(() => again.clone(), { code: 'session.cannot_clone' })
      await again.delete()
      assert.equal(session.authKeyBytes, undefined)
    })
  })
}
