import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { TelegramClient } from 'telegram'
import { Logger as GramLogger, LogLevel as GramLogLevel } from 'telegram/extensions/Logger.js'
import { ConnectionTCPFull as GramConnection } from 'telegram/network/index.js'
import { TelegramClient as ProtoClient } from 'teleproto'
import { LogLevel, Logger } from 'teleproto/extensions/Logger.js'
import { ConnectionTCPFull } from 'teleproto/network/index.js'
import { Api as ProtoApi } from 'teleproto/tl/index.js'
import { OwnStorage } from '../../examples/own-storage.ts'
import { TgsessionError } from '../../src/base/errors.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { SQLiteSession } from '../../src/gramjs.ts'
import { inspectSession, keyFingerprint, type SessionReport } from '../../src/session/inspect.ts'
import { MemoryStorage } from '../../src/session/core/memory-storage.ts'
import { SessionCore, type ChangeKind } from '../../src/session/core/session-core.ts'
import { SqliteStorage } from '../../src/session/formats/telethon/storage.ts'
import type { SessionStorage } from '../../src/session/core/storage.ts'
import { createTelethonFile } from '../../src/session/formats/telethon/file.ts'
import { addServerKey } from '../../src/clients/gramjs/library.ts'
import { SQLiteSession as ProtoSession } from '../../src/teleproto.ts'
import { API_HASH, API_ID } from '../support/dc/gramjs.ts'
import { teleproto } from '../support/dc/teleproto.ts'
import { database, KEY, OTHER_KEY, V7 } from '../fixtures/session/schemas.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const storages: Record<string, () => Promise<SessionStorage>> = {
  'plain maps': async () => new MemoryStorage(),
  'an SQLite file': async () => new SqliteStorage(await createTelethonFile()),
  "a storage of one's own": async () => new OwnStorage(':memory:'),
}

const HOME = [2, '149.154.167.51', 443] as const
/** What Telegram says of the account itself, to who is logged in. */
const SELF = [{ className: 'User', self: true, id: 777n, accessHash: 1n }]

interface Opened {
  core: SessionCore
  storage: SessionStorage
  changes: ChangeKind[]
  reported: string[]
}
function open(storage: SessionStorage): Opened {
  const reported: string[] = []
  const core = new SessionCore({
    onError: (error) => reported.push(error instanceof TgsessionError ? error.code : String(error)),
  })
  core.attach(storage)
  const changes: ChangeKind[] = []
  core.onChange((kind) => changes.push(kind))
  return { core, storage, changes, reported }
}

function loggedInOver(storage: SessionStorage): Opened {
  const opened = open(storage)
  opened.core.setDC(...HOME)
  opened.core.setAuthKey(KEY)
  opened.core.processEntities(SELF)
  opened.changes.length = 0
  return opened
}
const stored = ({ storage }: Opened): unknown => {
  const { dcId, serverAddress, port, authKey } = storage.auth()
  return [dcId, serverAddress, port, authKey && Uint8Array.from(authKey)]
}

for (const [name, make] of Object.entries(storages)) {
  describe(`a key that is dropped, over ${name}`, () => {
    it('is gone for the client and stays stored, and the owner is told', async () => {
      const one = loggedInOver(await make())
      one.core.setAuthKey(undefined)
      assert.deepEqual([one.core.authKey(), one.core.isKeyLost], [undefined, true])
      assert.deepEqual(stored(one), [...HOME, KEY])
      assert.deepEqual([one.changes, one.reported], [['auth'], ['session.key_lost']])
    })

    it('is not replaced by the key that the client makes by itself', async () => {
      const one = loggedInOver(await make())
      one.core.setAuthKey(undefined)
      one.core.setAuthKey(OTHER_KEY)
      one.core.setDC(HOME[0], '127.0.0.1', 80)
      one.core.takeoutId = 5n
      assert.deepEqual([one.core.authKey(), one.core.port, one.core.isKeyLost], [OTHER_KEY, 80, true])
      assert.deepEqual(stored(one), [...HOME, KEY])
      assert.deepEqual(one.changes, ['auth', 'auth', 'auth', 'cache'])
      const next = open(one.storage)
      assert.deepEqual([next.core.authKey(), next.core.isKeyLost], [KEY, false])
    })

    it('is replaced once somebody has logged in with the new one', async () => {
      const one = loggedInOver(await make())
      one.core.setAuthKey(undefined)
      one.core.processEntities(SELF)
      assert.equal(one.core.isKeyLost, true)
      one.core.setAuthKey(OTHER_KEY)
      one.changes.length = 0
      one.core.processEntities(SELF)
      assert.deepEqual([one.changes, one.core.isKeyLost], [['auth'], false])
      assert.deepEqual(stored(one), [...HOME, OTHER_KEY])
      one.core.processEntities(SELF)
      assert.deepEqual([one.changes, one.reported], [['auth'], ['session.key_lost']])
    })

    it('is no loss any more when it comes back', async () => {
      const one = loggedInOver(await make())
      one.core.setAuthKey(undefined)
      one.core.setAuthKey(KEY)
      assert.equal(one.core.isKeyLost, false)
      assert.deepEqual(stored(one), [...HOME, KEY])
    })

    it('goes from the storage after a logout', async () => {
      for (const lose of [false, true]) {
        const one = loggedInOver(await make())
        if (lose) one.core.setAuthKey(undefined)
        one.changes.length = 0
        one.core.forgetAuthKey()
        assert.deepEqual(stored(one), [...HOME, undefined])
        one.core.forgetAuthKey()
        assert.deepEqual([one.core.isKeyLost, one.changes], [false, ['auth']])
      }
    })

    it('is replaced at once by one that is put directly in its place', async () => {
      const one = loggedInOver(await make())
      one.core.setAuthKey(OTHER_KEY)
      assert.deepEqual(stored(one), [...HOME, OTHER_KEY])
      one.core.setDC(4, '149.154.167.91', 443)
      assert.deepEqual(stored(one), [...HOME, OTHER_KEY], 'a key is stored with the home that it belongs to')
      one.core.setAuthKey(KEY)
      assert.deepEqual(stored(one), [4, '149.154.167.91', 443, KEY])
      assert.deepEqual(one.reported, [])
    })

    it('is saved as it comes and goes while nobody is logged in yet', async () => {
      const one = open(await make())
      one.core.setDC(...HOME)
      one.core.setAuthKey(KEY)
      one.core.setDC(4, '149.154.167.91', 443)
      one.core.setAuthKey(undefined)
      assert.deepEqual(stored(one), [4, '149.154.167.91', 443, undefined])
      one.core.setAuthKey(OTHER_KEY)
      assert.deepEqual(stored(one), [4, '149.154.167.91', 443, OTHER_KEY])
      assert.deepEqual([one.core.isKeyLost, one.reported], [false, []])
    })
  })
}

const onDisk = async (session: { path: string | undefined }): Promise<SessionReport> =>
  await inspectSession(readFileSync(session.path ?? assert.fail('in memory')))

/** GramJS takes port 443 wherever it is told to go, so the connection knows better. */
const clientOf = (session: SQLiteSession, dcs: FakeDc[]): TelegramClient => {
  class ToFakeDc extends GramConnection {
    constructor(options: ConstructorParameters<typeof GramConnection>[0]) {
      const { host, port } = dcs.find(({ dcId }) => dcId === options.dcId) ?? assert.fail('unknown')
      super({ ...options, ip: host, port })
    }
  }
  return new TelegramClient(session, API_ID, API_HASH, {
    connection: ToFakeDc,
    baseLogger: new GramLogger(GramLogLevel.NONE),
    connectionRetries: 5,
    retryDelay: 50,
  })
}

describe('a session file whose key was dropped', () => {
  const folder = temporaryFolder()
  const quiet = { onError: () => undefined }
  const BOT = { token: '4242:secret', firstName: 'Botty' }
  const botLogin = { apiId: API_ID, apiHash: API_HASH, botAuthToken: BOT.token }

  it('keeps the good key on disk, and gives bytes with what the client has', async () => {
    const session = new SQLiteSession(path.join(folder, 'kept'), quiet)
    await session.load()
    session.setDC(...HOME)
    session.setAuthKey((await SQLiteSession.fromBytes(await database(V7))).authKey)
    session.processEntities(SELF)
    await session.save()
    session.setAuthKey(undefined)
    await session.save()
    assert.equal(session.authKeyLost, true)
    assert.equal((await inspectSession(await session.toBytes())).loggedIn, false)
    assert.equal((await onDisk(session)).keyFingerprint, keyFingerprint(KEY))
    await session.close()
    assert.equal((await onDisk(session)).keyFingerprint, keyFingerprint(KEY))
    await session.load()
    assert.deepEqual([session.authKeyBytes, session.authKeyLost], [KEY, false])
    await session.delete()
  })

  it('survives that Telegram forgets the key under teleproto, until somebody logs in again', async (t) => {
    const keys: string[] = []
    const renewed = Promise.withResolvers<void>()
    const dc = await FakeDc.start({
      bots: [BOT],
      onEvent: ({ type, keyId }) => {
        if (type === 'key' && keyId !== undefined && keys.push(keyId) === 2) renewed.resolve()
      },
    })
    t.after(() => dc.close())
    // Only for the server's key, which it makes known to the library.
    await teleproto(dc).destroy()
    const session = new ProtoSession(path.join(folder, 'forgotten'), quiet)
    await session.load()
    session.setDC(dc.dcId, dc.host, dc.port)
    const client = new ProtoClient(session, API_ID, API_HASH, {
      connection: ConnectionTCPFull,
      baseLogger: new Logger(LogLevel.NONE),
      retryDelay: 50,
    })
    t.after(() => client.destroy())
    await client.connect()
    await client.invoke(new ProtoApi.auth.ImportBotAuthorization(botLogin))
    await session.save()
    const before = await onDisk(session)
    assert.equal(before.keyFingerprint, keys[0])

    const lost = new Promise<void>((resolve) => {
      session.onChange((kind) => kind === 'auth' && session.authKeyLost && session.authKeyBytes && resolve())
    })
    dc.forgetKey(keys[0] ?? '')
    dc.killConnections()
    await Promise.all([renewed.promise, lost])
    await session.save()
    assert.deepEqual(await onDisk(session), before)
    assert.equal((await inspectSession(await session.toBytes())).keyFingerprint, keys[1])

    await client.invoke(new ProtoApi.auth.ImportBotAuthorization(botLogin))
    await session.save()
    assert.equal(session.authKeyLost, false)
    assert.equal((await onDisk(session)).keyFingerprint, keys[1])
  })

  const ANN = { phone: '15550001', code: '12345', userId: 71n, firstName: 'Ann' }
  const twoDcs = async (t: TestContext): Promise<{ first: FakeDc; home: FakeDc }> => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const home = await FakeDc.start({ dcId: 4, accounts: [ANN], privateKey })
    t.after(() => home.close())
    const first = await FakeDc.start({ dcId: 2, privateKey })
    t.after(() => first.close())
    first.introduce(home)
    addServerKey(home.publicKeyPem)
    return { first, home }
  }
  const logIn = async (client: TelegramClient): Promise<void> => {
    try {
      await client.start({
        phoneNumber: ANN.phone,
        phoneCode: () => Promise.resolve(ANN.code),
        onError: (error) => {
          throw error
        },
      })
    } finally {
      await client.destroy()
    }
  }

  for (const isFresh of [true, false])
    it(`follows GramJS to another data centre in a login, in a ${isFresh ? 'fresh' : 'used'} file`, async (t) => {
      const { first, home } = await twoDcs(t)
      const reported: unknown[] = []
      const name = path.join(folder, isFresh ? 'fresh' : 'used')
      const session = new SQLiteSession(name, { onError: (error) => reported.push(error) })
      await session.load()
      session.setDC(first.dcId, first.host, first.port)
      if (!isFresh) {
        const client = clientOf(session, [first, home])
        await client.connect()
        await client.destroy()
        await session.close()
        await session.load()
      }
      await logIn(clientOf(session, [first, home]))
      await session.close()
      const { dcId, keyFingerprint: key, userId } = await onDisk(session)
      assert.deepEqual([dcId, userId], [4, '71'])
      assert.equal(key, home.stats().keys[0]?.keyId)
      assert.equal(reported.length, isFresh ? 0 : 1)
    })
})
