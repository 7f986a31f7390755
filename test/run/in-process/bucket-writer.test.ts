import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
/* oxlint-disable no-underscore-dangle -- the name is GramJS's */
import { Api, TelegramClient } from 'telegram'
import rsa from 'telegram/crypto/RSA.js'
import { BadDataError, TgsessionError } from '../../../src/base/errors.ts'
import type { FakeDc, FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'
import {
  addServerKey,
  clientOptions,
  connectClient,
  disconnectClient,
  openSession,
  type OpenSession,
  SQLiteSession,
} from '../../../src/gramjs.ts'
import { forkSession } from '../../../src/login/fork.ts'
import { Replica, type ReplicaOptions } from '../../../src/replica/replica.ts'
import { Cipher } from '../../../src/seal/cipher.ts'
import { parseKey, recipientOf } from '../../../src/seal/key.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import { toVersion } from '../../../src/store/shared/version.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, startDc } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { steadyClock } from '../../support/steady-clock.ts'
import { until } from '../../support/until.ts'

const [OURS, HIS] = [parseKey(randomBytes(32).toString('hex')), parseKey(randomBytes(32).toString('hex'))]
const API = { apiId: API_ID, apiHash: API_HASH }

/** He may read and write every object, and knows the recipient. He has neither TGSESSION_KEY nor a session. */
describe('whoever can write the store', () => {
  const events: FakeDcEvent[] = []
  let dc: FakeDc
  let store: ScriptedStore
  let opened: OpenSession | undefined

  before(async () => {
    dc = await startDc(events)
    addServerKey(dc.publicKeyPem)
  })
  after(() => dc.close())
  beforeEach(() => {
    store = new ScriptedStore()
    events.length = 0
  })
  afterEach(async () => {
    await opened?.close().catch(() => undefined)
    opened = undefined
  })

  const replicaOf = (identity: string | undefined, options: Partial<ReplicaOptions> = {}): Replica => {
    const identities = identity === undefined ? [] : [identity]
    return new Replica({
      store,
      name: 'main',
      cipher: new Cipher({ encryption: 'age', identities, recipient: recipientOf(OURS) }),
      verify: verifySession,
      label: 'worker.1',
      leaseTtlMs: 2000,
      ...options,
    })
  }
  const write = (key: string, value: unknown): void => {
    store.objects.set(key, {
      bytes: Buffer.from(JSON.stringify(value)),
      version: toVersion(String(Math.random())),
    })
  }

  it('makes a holder accept no login token, and encrypt nothing for him', async () => {
    const session = await makeSession(dc)
    await replicaOf(OURS).push(session)
    const reports: string[] = []
    opened = await openSession(replicaOf(OURS), {
      quietMs: 50,
      clock: steadyClock,
      closeOnSignals: false,
      report: (event) => reports.push(event),
    })
    const client = new TelegramClient(opened.session, API_ID, API_HASH, clientOptions(opened.session))
    opened.attach(client)
    await connectClient(client)

    // A fresh auth key of his, and its token, which only has to be accepted.
    const fresh = new SQLiteSession()
    await fresh.load()
    fresh.setDC(dc.dcId, dc.host, dc.port)
    const his = new TelegramClient(fresh, API_ID, API_HASH, clientOptions(fresh))
    await connectClient(his)
    const ask = new Api.auth.ExportLoginToken({ ...API, exceptIds: [] })
    const exported = await his.invoke(ask)
    assert.ok(exported instanceof Api.auth.LoginToken)
    const token = exported.token.toString('base64url')
    const url = `tg://login?token=${token}`

    const recipient = recipientOf(HIS)
    const wish = {
      token,
      url,
      loginToken: token,
      name: 'laptop',
      recipient,
      by: 'worker.2',
      at: new Date().toISOString(),
    }
    for (const key of [
      'main/fork.json',
      'main/login.json',
      '_logins/fork.json',
      '_forks/main.json',
      'fork.json',
    ])
      write(key, wish)
    const commands = {
      fork: wish,
      forks: [wish],
      commands: [{ fork: wish }],
      requests: [wish],
      loginToken: token,
      recipient,
    }
    store.tamper((head) => ({
      ...head,
      ...commands,
      notice: url,
      current: head.current && { ...head.current, sealedFor: recipient },
      logins: [...head.logins, { id: token, outcome: 'started', ...wish }],
      events: [...head.events, { code: 'fork', ...wish }],
    }))
    const { generation } = await replicaOf(undefined).status()
    const beat = (): number => beatIn(store)
    const first = beat()
    await until(() => beat() > first + 3, 'some renewals')
    const self = await client.getMe()
    opened.session.processEntities(
      new Api.contacts.ResolvedPeer({
        peer: new Api.PeerUser({ userId: self.id }),
        chats: [],
        users: [new Api.User({ id: self.id.add(5), accessHash: self.id, firstName: 'Met' })],
      }),
    )
    await until(() => reports.includes('session.saved'), 'a save')

    assert.ok((await his.invoke(ask)) instanceof Api.auth.LoginToken, 'his key is nobody’s')
    assert.ok(!events.some(({ method }) => method === 'auth.acceptLoginToken'))
    assert.equal((await replicaOf(undefined).status()).generation, generation)
    assert.equal(opened.signal.aborted, false)
    const sealed = store.keys().filter((key) => key.endsWith('.age'))
    assert.ok(sealed.length > 1)
    const lock = new Cipher({ encryption: 'age', identities: [HIS] })
    for (const key of sealed)
      assert.throws(() => lock.decrypt(key, store.objects.get(key)!.bytes), TgsessionError)
    await disconnectClient(his)
  })

  it('gets nothing of a fork by a session of his own that leads to a server of his', async () => {
    const trap = await startDc()
    try {
      // A real session of his server, put in by the public key alone.
      await replicaOf(undefined).push(await makeSession(trap))
      // To log in there its key had to be trusted; nobody but him does.
      rsa._serverKeys.delete(addServerKey(trap.publicKeyPem))
      const { bytes } = await replicaOf(OURS).restore()
      const asked: string[] = []
      const asker = { password: async () => (asked.push('password'), ACCOUNT.password) }
      const attempts = { begin: () => Promise.resolve(), blocked: () => Promise.resolve() }
      const how = { ...API, asker, attempts, deviceModel: 'laptop', timeoutMs: 5000, log: () => undefined }
      const { logins } = trap.stats()
      await assert.rejects(forkSession(bytes, how), { code: 'telegram.untrusted' })
      assert.deepEqual(asked, [])
      assert.equal(trap.stats().logins, logins)
    } finally {
      await trap.close()
    }
  })

  it('is refused a session of another account where TGSESSION_USER_ID names the owner’s', async () => {
    await replicaOf(undefined).push(await makeSession(dc, 'bot'))
    await assert.rejects(
      openSession(replicaOf(OURS, { userId: String(ACCOUNT.userId) }), { closeOnSignals: false }),
      BadDataError,
    )
  })
})

const beatIn = (store: ScriptedStore): number => {
  const head: { holder: { beat: number } | null } = JSON.parse(
    Buffer.from(store.objects.get('main/head.json')!.bytes).toString(),
  )
  return head.holder?.beat ?? 0
}
