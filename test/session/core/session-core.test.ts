import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { systemClock } from '../../../src/base/clock.ts'
import { MemoryStorage } from '../../../src/session/core/memory-storage.ts'
import { SessionCore, type ChangeKind } from '../../../src/session/core/session-core.ts'
import { SqliteStorage } from '../../../src/session/formats/telethon/storage.ts'
import type { Entity, SessionStorage } from '../../../src/session/core/storage.ts'
import {
  createTelethonFile,
  openTelethonFile,
  readTelethonFile,
} from '../../../src/session/formats/telethon/file.ts'
import { HASH, KEY, OTHER_KEY } from '../../fixtures/session/schemas.ts'

const user = (id: bigint, more: Partial<Entity> = {}): Entity => ({
  id,
  hash: HASH,
  username: null,
  phone: null,
  name: null,
  ...more,
})

const storages: Record<string, () => Promise<SessionStorage>> = {
  'plain maps': async () => new MemoryStorage(),
  'an SQLite file': async () => new SqliteStorage(await createTelethonFile()),
  'an SQLite file that is written all the time': async () => new SqliteStorage(await createTelethonFile(), 3),
  'a file that SQLite is started for in the middle': async () =>
    new SqliteStorage(await readTelethonFile((await createTelethonFile()).db.export()), 3),
}

const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null })

async function open(
  make: () => Promise<SessionStorage>,
): Promise<{ core: SessionCore; changes: ChangeKind[] }> {
  const core = new SessionCore({
    clock: { ...systemClock, wall: () => 1_700_000_000_000 },
    onError: (error) => assert.fail(error),
  })
  core.attach(await make())
  const changes: ChangeKind[] = []
  core.onChange((kind) => changes.push(kind))
  return { core, changes }
}

for (const [name, make] of Object.entries(storages)) {
  describe(`a session core over ${name}`, () => {
    it('finds nobody by an empty text, also not somebody without a name', async () => {
      const { core } = await open(make)
      core.upsert([user(5n, { name: '' })])
      for (const text of ['', ' ']) assert.equal(core.findByText(text), undefined)
    })

    it('keeps a copy of the key and hands out copies', async () => {
      const { core } = await open(make)
      const given = Uint8Array.from(KEY)
      core.setAuthKey(given)
      given.fill(0)
      assert.deepEqual(core.authKey(), KEY)
      core.authKey()?.fill(0)
      assert.deepEqual(core.authKey(), KEY)
      assert.throws(() => core.setAuthKey(new Uint8Array(255)), { code: 'session.bad_key' })
    })

    it('reports what changed, and nothing that did not', async () => {
      const { core, changes } = await open(make)
      const says = (expected: ChangeKind[]): void => assert.deepEqual(changes.splice(0), expected)
      core.setDC(2, '149.154.167.51', 443)
      core.setAuthKey(KEY)
      says(['auth', 'auth'])
      core.setDC(2, '149.154.167.51', 443)
      core.setAuthKey(Uint8Array.from(KEY), 2)
      core.upsert([])
      says([])
      core.upsert([user(5n), user(6n)])
      core.setUpdateState(0, { pts: 1, qts: 2, date: 3, seq: 4 })
      core.takeoutId = 9n
      core.setAuthKey(OTHER_KEY, 4)
      says(['cache', 'cache', 'cache', 'cache'])
      core.upsert([user(5n), user(6n)])
      core.setUpdateState(0, { pts: 1, qts: 2, date: 3, seq: 4 })
      core.takeoutId = 9n
      says([])
      core.userId = HASH
      core.setAuthKey(undefined)
      says(['auth', 'auth'])
      assert.equal(core.authKey(), undefined)
    })

    it('keeps the keys of other data centres apart', async () => {
      const { core } = await open(make)
      core.setDC(2, 'a', 443)
      core.setAuthKey(KEY)
      core.setAuthKey(OTHER_KEY, 4)
      core.setAuthKey(undefined, 5)
      assert.deepEqual([core.authKey(), core.authKey(2), core.authKey(0)], [KEY, KEY, KEY])
      assert.deepEqual(core.authKey(4), OTHER_KEY)
      core.setAuthKey(undefined, 4)
      assert.deepEqual([core.authKey(4), core.authKey()], [undefined, KEY])
    })

    it('finds by id, username, link, phone and name', async () => {
      const { core } = await open(make)
      const pavel = user(777n, { username: 'durov', phone: 15551234n, name: 'Pavel D' })
      const channel = user(-1000000000005n, { username: 'news', name: 'News' })
      const group = user(-99n, { hash: 0n, name: '12345' })
      core.upsert([pavel, channel, group])
      for (const text of [
        '@Durov',
        'durov',
        'https://t.me/durov/',
        't.me/DUROV',
        '+1 (555) 12-34',
        '15551234',
        'Pavel D',
        '777',
      ])
        assert.deepEqual(core.findByText(text), pavel, text)
      for (const text of ['12345', '-99', '99']) assert.deepEqual(core.findByText(text), group, text)
      for (const link of ['https://t.me/joinchat/', 'https://t.me/+', 'tg://join?invite='])
        for (const encoding of ['base64url', 'hex'] as const)
          assert.deepEqual(core.findByText(link + inviteHash(99).toString(encoding)), group, link)
      // Without a link it may be read as a username, unless it cannot be one.
      assert.deepEqual(core.findByText(inviteHash(5).toString('hex')), channel)
      assert.deepEqual(core.findById(5n), channel)
      assert.deepEqual(core.findById(-1000000000005n), channel)
      // Nobody is invited to a user.
      assert.equal(
        core.findByText(`https://t.me/joinchat/${inviteHash(777).toString('base64url')}`),
        undefined,
      )
      for (const text of ['pavel d', 'tg://join?invite=durov', 'https://t.me/+durov', '-5', ''])
        assert.equal(core.findByText(text), undefined, text)
      assert.equal(core.findById(5n, true), undefined)
    })

    it('takes bare digits for an id before a phone number', async () => {
      const { core } = await open(make)
      core.upsert([user(15551234n), user(8n, { phone: 15551234n })])
      assert.equal(core.findByText('15551234')?.id, 15551234n)
      assert.equal(core.findByText('+15551234')?.id, 8n)
    })

    it('gives a username to its newest owner, there and back', async () => {
      const { core } = await open(make)
      for (const owner of [1n, 2n, 1n]) {
        core.upsert([user(owner, { username: 'wanted' })])
        assert.equal(core.findByText('@wanted')?.id, owner)
      }
      assert.equal(core.findById(2n)?.username, null)
    })

    it('takes a username from whom another program left it with', async () => {
      const rows = await make()
      rows.putEntity(user(1n, { username: 'wanted' }), 1)
      rows.putEntity(user(2n, { username: 'wanted' }), 2)
      const { core, changes } = await open(() => Promise.resolve(rows))
      core.upsert([user(1n, { username: 'wanted' })])
      assert.equal(core.findByText('@wanted')?.id, 1n)
      assert.equal(rows.entity(2n)?.username, null)
      assert.deepEqual(changes, ['cache'])
    })

    it('keeps the own id where Telethon does', async () => {
      const rows = await make()
      const { core } = await open(() => Promise.resolve(rows))
      core.userId = 4242n
      assert.deepEqual(rows.entity(0n), user(0n, { hash: 4242n }))
      assert.equal(core.userId, 4242n)
      // That row is no peer.
      assert.deepEqual([core.findById(0n), core.findByText('0')], [undefined, undefined])
    })

    it('keeps update states by channel', async () => {
      const { core } = await open(make)
      const state = { pts: 3_000_000_000, qts: 0, date: 1_700_000_000, seq: 0 }
      core.setUpdateState(1234567890n, state)
      assert.deepEqual(core.updateState(1234567890), state)
      assert.equal(core.updateState(0), undefined)
    })

    it('agrees with a simple model, whatever is upserted', async () => {
      const entity = fc.record({
        id: fc.bigInt(1n, 6n),
        hash: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        username: nullable(fc.constantFrom('aaaa', 'bbbb', 'cccc')),
        phone: nullable(fc.bigInt(1n, 10n ** 18n - 1n)),
        name: nullable(fc.string({ minLength: 1, unit: 'grapheme' })),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(entity, { maxLength: 4 }), { maxLength: 12 }), async (batches) => {
          const { core, changes } = await open(make)
          const model = new Map<bigint, Entity>()
          for (const batch of batches) {
            const before = show(model)
            changes.length = 0
            core.upsert(batch)
            for (const one of batch) upsertModel(model, one)
            if (show(model) !== before) assert.deepEqual(changes, ['cache'])
          }
          for (const id of [1n, 2n, 3n, 4n, 5n, 6n]) assert.deepEqual(core.findById(id, true), model.get(id))
          for (const username of ['aaaa', 'bbbb', 'cccc']) {
            const owners = [...model.values()].filter((one) => one.username === username)
            assert.ok(owners.length <= 1)
            assert.deepEqual(core.findByText(username), owners[0])
          }
        }),
        { numRuns: 60 },
      )
    })

    it('isolates a listener that throws, and removes one', async () => {
      const reported: Error[] = []
      const core = new SessionCore({ onError: (error) => reported.push(error) })
      core.attach(await make())
      const seen: ChangeKind[] = []
      core.onChange(() => {
        throw new Error('mine')
      })
      const remove = core.onChange((kind) => seen.push(kind))
      core.setAuthKey(KEY)
      remove()
      core.setAuthKey(undefined)
      assert.deepEqual(seen, ['auth'])
      assert.deepEqual(reported.map(String), ['Error: mine', 'Error: mine'])
    })
  })
}

describe('a session core without a storage', () => {
  it('says that it is not loaded', () => {
    assert.throws(() => new SessionCore().dcId, { code: 'session.not_loaded' })
  })
})

const users = (from: number, count: number): Entity[] =>
  Array.from({ length: count }, (_, i) =>
    user(BigInt(from + i), { username: `user${from + i}`, name: 'the same' }),
  )

describe('an SQLite storage with many entities', () => {
  it('finds what was written at any time, also after more than it keeps in memory', async () => {
    const storage = new SqliteStorage(await createTelethonFile())
    const core = new SessionCore()
    core.attach(storage)
    core.upsert(users(1, 30_000))
    await storage.export()
    core.upsert(users(30_001, 40_000))
    core.upsert([user(7n, { username: 'other' })])
    for (const k of [8, 30_000, 50_002, 70_000]) {
      assert.equal(core.findById(BigInt(k))?.username, `user${k}`)
      assert.equal(core.findByText(`user${k}`)?.id, BigInt(k))
    }
    assert.deepEqual([core.findByText('other')?.id, core.findByText('user7')], [7n, undefined])

    const again = await openTelethonFile(await storage.export())
    assert.equal(again.rows('entities').length, 70_000)
    assert.equal(again.entities?.byId(7n)?.username, 'other')
    const indexes = again.db.all(`select name from sqlite_master where type = 'index' and sql is not null`)
    assert.deepEqual(indexes, [], 'an index would double the file')
  })

  it('starts SQLite once there is something to write', async () => {
    const bytes = (await createTelethonFile()).db.export()
    const file = await readTelethonFile(bytes)
    const storage = new SqliteStorage(file)
    assert.deepEqual(await storage.export(), bytes)
    assert.equal(file.db.isStarted, false)
    storage.putEntity(user(1n, { username: 'one' }), 0)
    assert.equal((await readTelethonFile(await storage.export())).entities?.byId(1n)?.username, 'one')
    assert.equal(file.db.isStarted, true)
  })
})

function upsertModel(model: Map<bigint, Entity>, one: Entity): void {
  const known = model.get(one.id)
  if (one.username !== null && one.username !== known?.username)
    for (const other of model.values()) if (other.username === one.username) other.username = null
  model.set(one.id, {
    ...one,
    username: one.username ?? known?.username ?? null,
    phone: one.phone ?? known?.phone ?? null,
    name: one.name ?? known?.name ?? null,
  })
}

function show(model: Map<bigint, Entity>): string {
  return JSON.stringify([...model.values()], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}

function inviteHash(group: number): Buffer {
  const payload = Buffer.alloc(16)
  payload.writeUInt32BE(group, 4)
  return payload
}
