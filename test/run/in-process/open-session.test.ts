import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { Api, TelegramClient } from 'telegram'
import { NewMessage, type NewMessageEvent } from 'telegram/events/index.js'
import { openReplica } from '../../../src/config/open-replica.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { LeaseError, NoSessionError, SaveFailedError } from '../../../src/base/errors.ts'
import type { FakeDc, FakeDcEvent } from '../../../src/fake-dc/fake-dc.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { openSession, type OpenSession } from '../../../src/run/in-process/gramjs.ts'
import { inspectSession, verifySession } from '../../../src/session/inspect.ts'
import { clientOptions } from '../../../src/clients/gramjs/client-options.ts'
import { connectClient } from '../../../src/telegram/client/connect.ts'
import { addServerKey } from '../../../src/clients/gramjs/library.ts'
import {
  ACCOUNT,
  API_HASH,
  API_ID,
  makeSession,
  openTestReplica,
  startDc,
  TTL_MS,
} from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'
import { steadyClock } from '../../support/steady-clock.ts'
import { sessionBytes } from '../../replica/support/sessions.ts'

async function connect(one: OpenSession): Promise<TelegramClient> {
  const client = new TelegramClient(one.session, API_ID, API_HASH, clientOptions(one.session))
  one.attach(client)
  await connectClient(client)
  await client.getMe()
  return client
}

describe('openSession', () => {
  const events: FakeDcEvent[] = []
  let dc: FakeDc
  let session: Uint8Array
  let store: ScriptedStore
  let opened: OpenSession[] = []

  before(async () => {
    dc = await startDc(events)
    session = await makeSession(dc)
    addServerKey(dc.publicKeyPem)
  })
  after(async () => {
    await dc.close()
  })
  beforeEach(async () => {
    store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(session)
  })
  afterEach(async () => {
    store.broken = undefined
    await Promise.allSettled(opened.map((one) => one.close()))
    opened = []
  })

  const reports: string[] = []
  const open = async (options: object = {}): Promise<OpenSession> => {
    reports.length = 0
    const one = await openSession(openTestReplica(store), {
      quietMs: 50,
      clock: steadyClock,
      report: (event) => reports.push(event),
      ...options,
    })
    opened.push(one)
    return one
  }
  const sockets = (): number => dc.stats().keys.reduce((sum, key) => sum + key.open, 0)

  it('disconnects the client, then releases; the data centre sees it closed by then', async () => {
    const one = await open()
    await connect(one)
    assert.equal(sockets(), 1)
    let openAtRelease = -1
    // What was closed before the release is seen by the data centre, which is in this process, before the put lands.
    store.turns = 5
    store.broken = (_key, method) => {
      if (method === 'put') openAtRelease = sockets()
      return false
    }
    await one.close()
    assert.equal(openAtRelease, 0)
    assert.equal((await openTestReplica(store).status()).holder, null)
    assert.equal(reports.at(-1), 'lease.released')
    await one.close()
  })

  it('hands over what arrived while nothing ran, once', async () => {
    const heard: string[] = []
    const listen = async (catchUp: boolean): Promise<OpenSession> => {
      const one = await open()
      const client = new TelegramClient(one.session, API_ID, API_HASH, clientOptions(one.session))
      const updates = one.track(client, { catchUp })
      await connectClient(client)
      client.addEventHandler(
        ({ message }: NewMessageEvent) => void heard.push(message.text),
        new NewMessage({}),
      )
      await updates.start()
      return one
    }
    const { userId } = ACCOUNT
    const first = await listen(false)
    dc.sendMessage(userId, 'while it runs')
    await until(() => heard.length === 1, 'the first message')
    await first.close()
    dc.sendMessage(userId, 'while nothing runs')
    const second = await listen(true)
    await until(() => heard.length === 2, 'the missed message')
    await second.close()
    const third = await listen(true)
    await third.close()
    assert.deepEqual(heard, ['while it runs', 'while nothing runs'])
  })

  it('saves what the client learns: the peers of an update, and its state', async () => {
    const one = await open()
    const client = await connect(one)
    one.session.processEntities(
      new Api.contacts.ResolvedPeer({
        peer: new Api.PeerUser({ userId: (await client.getMe()).id }),
        chats: [],
        users: [
          new Api.User({
            id: (await client.getMe()).id.add(5),
            accessHash: (await client.getMe()).id,
            firstName: 'Met',
          }),
        ],
      }),
    )
    dc.sendMessage(ACCOUNT.userId, 'hello')
    await until(() => reports.includes('session.saved'), 'a save while it is open')
    await one.close()
    const { bytes } = await openTestReplica(store).restore()
    assert.equal((await inspectSession(bytes)).entities, (await inspectSession(session)).entities + 1)
    assert.equal(dc.stats().duplicates, 0)
  })

  it('works with Symbol.asyncDispose, which no caller need know', async () => {
    const one = await open()
    await one[Symbol.asyncDispose]()
    assert.equal((await openTestReplica(store).status()).holder, null)
  })

  it('disconnects the client in time and fires its signal when the lease cannot be renewed', async () => {
    const one = await open()
    await connect(one)
    store.broken = () => true
    const goneAt = steadyClock.now()
    await until(() => one.signal.aborted, 'the signal')
    await until(() => sockets() === 0, 'the client to be gone')
    const tookMs = steadyClock.now() - goneAt
    assert.ok(tookMs < TTL_MS, `${tookMs} ms`)
    assert.ok(one.signal.reason instanceof LeaseError)
    store.broken = undefined
    await assert.rejects(one.close(), LeaseError)
    assert.equal((await openTestReplica(store).status()).holder, null, 'a holder that gave up releases too')
  })

  it('disconnects a client that is attached after the loss', async () => {
    const one = await open()
    await connect(one)
    const other = { id: 'other', label: 'worker.2', since: new Date().toISOString(), beat: 0, ttlMs: 2000 }
    store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: other }))
    await until(() => one.signal.aborted, 'the signal')
    const late = new TelegramClient(one.session, API_ID, API_HASH, clientOptions(one.session))
    await connectClient(late)
    one.attach(late)
    await until(() => sockets() === 0, 'the client to be gone')
  })

  it('quarantines a changed key, and disconnects', async () => {
    const one = await open()
    await connect(one)
    const changed = one.session.authKey!
    await changed.setKey(Buffer.alloc(256, 7))
    one.session.setAuthKey(changed)
    await until(() => one.signal.aborted, 'the signal')
    await until(() => sockets() === 0, 'the client to be gone')
    const { current, quarantined } = await openTestReplica(store).status()
    assert.equal(current?.keyFingerprint, (await verifySession(session)).keyFingerprint)
    assert.equal(quarantined.length, 1)
  })

  it('disconnects when another session was pushed', async () => {
    const one = await open()
    await connect(one)
    await openTestReplica(store, 'ci').push(await makeSession(dc))
    await until(() => one.signal.aborted, 'the signal')
    await until(() => sockets() === 0, 'the client to be gone')
    await assert.rejects(
      one.close(),
      (error) => error instanceof LeaseError && error.code === 'session.replaced',
    )
    assert.equal((await openTestReplica(store).status()).current?.revision, 2)
  })

  it('says that the last save failed, also where the lease could not be released either', async () => {
    const one = await open({ quietMs: 60_000 })
    one.session.setUpdateState(0, { pts: 99, qts: 1, date: 1, seq: 1 })
    store.broken = (_key, method) => method === 'put'
    await assert.rejects(one.close(), SaveFailedError)
  })

  it('marks the auth key dead and releases when Telegram refuses it, also in the middle of use', async () => {
    const own = await startDc()
    addServerKey(own.publicKeyPem)
    const revoked = await makeSession(own)
    const replica = openTestReplica(store, 'ci')
    await replica.push(revoked)
    const one = await open()
    const client = await connect(one)
    own.revoke((await verifySession(revoked)).keyFingerprint)
    await assert.rejects(client.invoke(new Api.updates.GetState()))
    await until(() => one.signal.aborted, 'the signal')
    assert.equal(one.signal.reason.code, 'session.dead_key')
    assert.ok(reports.includes('key.dead'))
    assert.equal((await replica.status()).current?.dead, 'revoked')
    await one.close()
    await assert.rejects(open(), { code: 'session.dead' })
    assert.equal((await replica.status()).holder, null)
    await own.close()
  })

  it('releases the lease when connecting fails, so that nobody waits for it to run out', async () => {
    const one = await open()
    one.session.setDC(one.session.dcId, '127.0.0.1', 1)
    const options = clientOptions(one.session, { connectionRetries: 1, retryDelay: 1 })
    const client = new TelegramClient(one.session, API_ID, API_HASH, options)
    one.attach(client)
    await assert.rejects(connectClient(client), { code: 'telegram.unreachable' })
    assert.equal((await openTestReplica(store).status()).holder, null)
    assert.throws(
      () => one.attach(new TelegramClient(one.session, API_ID, API_HASH, clientOptions(one.session))),
      {
        code: 'session.closed',
      },
    )
  })

  it('takes numbers only where it takes numbers', async () => {
    for (const options of [{ shutdownMs: Number.NaN }, { quietMs: '30s' }, { maxMs: -1 }])
      await assert.rejects(open(options), { code: 'option.not_a_number' })
    assert.equal((await openTestReplica(store).status()).holder, null)
  })

  it('opens nothing where there is no session, or a dead one', async () => {
    store.tamper((head) => ({ ...head, current: head.current && { ...head.current, dead: 'revoked' } }))
    await assert.rejects(open(), (error) => error instanceof NoSessionError && error.code === 'session.dead')
    store.tamper((head) => ({ ...head, current: null }))
    await assert.rejects(open(), (error) => error instanceof NoSessionError && error.code === 'session.none')
    assert.equal((await openTestReplica(store).status()).holder, null)
  })
})

describe('openSession in a process of its own', { concurrency: true }, () => {
  let dc: FakeDc
  let session: Uint8Array
  const scratch = temporaryFolder()
  let stores = 0
  const children: ChildProcess[] = []

  before(async () => {
    dc = await startDc()
    session = await makeSession(dc)
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await dc.close()
  })

  interface Opening {
    child: ChildProcess
    said: { event: string }[]
    ended: Promise<readonly [number | null, NodeJS.Signals | null]>
    saw: (event: string) => Promise<void>
  }
  interface Place {
    folder: string
    env: Record<string, string>
    replica: Replica
    start: (host?: string) => Opening
    rob: () => Promise<void>
  }
  /** A store with a session. A test that waits for the lease gives it 4 s. */
  const makePlace = async (ttl = '15s'): Promise<Place> => {
    const folder = path.join(scratch, String(++stores))
    const env: Record<string, string> = { TGSESSION_STORE: `file:${folder}`, TGSESSION_LEASE_TTL: ttl }
    const replica = await openReplica(await readSettings(env, { store: true }))
    await replica.push(Uint8Array.from(session))
    return { folder, env, replica, start: (host = '') => open(env, host), rob: () => robLease(replica) }
  }
  const open = (env: Record<string, string>, host: string): Opening => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, '../programs', 'open.ts')], {
      env: { ...process.env, ...env, HOST: host },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const said: { event: string }[] = []
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)))
    const ended = once(child, 'close').then(() => [child.exitCode, child.signalCode] as const)
    const saw = async (event: string): Promise<void> =>
      void (await until(() => said.some((one) => one.event === event), event))
    return { child, said, ended, saw }
  }
  const names = ({ said }: Opening): string[] => said.map(({ event }) => event)

  it('closes by itself on SIGTERM, and ends as the signal would have', async () => {
    const { replica, start } = await makePlace()
    const one = start()
    await one.saw('opened')
    one.child.kill('SIGTERM')
    assert.deepEqual(await one.ended, [null, 'SIGTERM'])
    assert.ok(names(one).includes('lease.released'))
    assert.equal((await replica.status()).holder, null)
  })

  it('closes once, however many signals come', async () => {
    const { replica, start } = await makePlace()
    const one = start()
    await one.saw('opened')
    one.child.kill('SIGTERM')
    one.child.kill('SIGTERM')
    one.child.kill('SIGINT')
    const [, signal] = await one.ended
    assert.ok(signal === 'SIGTERM' || signal === 'SIGINT')
    assert.equal((await replica.status()).holder, null)
  })

  for (const host of ['on-after', 'once-before'])
    it(`leaves the end to the program's own listener (${host})`, async () => {
      const { start } = await makePlace()
      const one = start(host)
      await one.saw('opened')
      one.child.kill('SIGTERM')
      assert.deepEqual(await one.ended, [9, null])
      assert.deepEqual(
        names(one)
          .filter((name) => name.startsWith('host') || name === 'lease.released')
          .toSorted(),
        ['host-stopped', 'host-stopping', 'lease.released'],
      )
    })

  it('ends by a signal that comes while the program closes it, after the release', async () => {
    const { replica, start } = await makePlace()
    const one = start('signalled-while-closing')
    assert.deepEqual(await one.ended, [null, 'SIGTERM'])
    assert.ok(names(one).includes('lease.released'))
    assert.equal((await replica.status()).holder, null)
  })

  it('closes all of them where a program has opened two, and ends then', async () => {
    const { env, replica, start } = await makePlace()
    const second = await openReplica(
      await readSettings({ ...env, TGSESSION_NAME: 'second' }, { store: true }),
    )
    await second.push(await sessionBytes({ userId: 5 }))
    const one = start('two')
    await until(() => names(one).filter((name) => name === 'session.restored').length === 2)
    await one.saw('opened')
    one.child.kill('SIGTERM')
    assert.deepEqual(await one.ended, [null, 'SIGTERM'])
    assert.deepEqual([(await replica.status()).holder, (await second.status()).holder], [null, null])
  })

  it('releases by a signal that comes while it is being opened, and ends', async () => {
    const { replica, start } = await makePlace()
    const one = start('signalled-while-opening')
    assert.deepEqual(await one.ended, [null, 'SIGTERM'])
    assert.equal((await replica.status()).generation, 1, 'the lease had been taken')
    assert.equal((await replica.status()).holder, null)
    assert.ok(!names(one).includes('opened'))
  })

  it("releases by a signal that comes while it is being opened, and leaves the end to the program's listener", async () => {
    const { replica, start } = await makePlace()
    const one = start('signalled-while-opening-with-listener')
    assert.deepEqual(await one.ended, [9, null])
    assert.deepEqual(names(one).slice(-2), ['lease.released', 'session.stopped'])
    assert.ok(names(one).includes('host-heard'))
    assert.equal((await replica.status()).holder, null)
  })

  it('ends the process with 75 when the lease is lost and a client cannot be disconnected', async () => {
    const { env, rob, start } = await makePlace('4s')
    env['TGSESSION_SHUTDOWN'] = '1s'
    const one = start('client-that-hangs')
    await one.saw('opened')
    await rob()
    assert.deepEqual(await one.ended, [75, null])
    assert.equal(names(one).at(-1), 'close.failed')
  })

  it('saves, and keeps the lease until the end, where a client cannot be disconnected at the stop', async () => {
    const { env, replica, start } = await makePlace()
    env['TGSESSION_SHUTDOWN'] = '1s'
    const one = start('client-that-hangs')
    await one.saw('opened')
    one.child.kill('SIGTERM')
    assert.deepEqual(await one.ended, [79, null])
    assert.ok(names(one).includes('close.failed'))
    assert.notEqual((await replica.status()).holder, null)
  })

  it('ends the process with 75 when the lease is lost and nothing is attached', async () => {
    const { rob, start } = await makePlace('4s')
    const one = start()
    await one.saw('opened')
    await rob()
    assert.deepEqual(await one.ended, [75, null])
    assert.ok(names(one).includes('lease.lost'))
  })

  it('lets the process end after close(): nothing of ours stays open', async () => {
    const { start } = await makePlace()
    const one = start('close')
    assert.deepEqual(await one.ended, [0, null])
    assert.equal(names(one).at(-1), 'closed')
  })

  it('waits in a second process until the first has closed', async () => {
    const { start } = await makePlace()
    const first = start()
    await first.saw('opened')
    const second = start()
    await second.saw('lease.waiting')
    assert.ok(!names(second).includes('opened'))
    first.child.kill('SIGTERM')
    await first.ended
    await second.saw('opened')
  })

  it('takes over in a second process when the first is killed', async () => {
    const { folder, start } = await makePlace('4s')
    const first = start()
    await first.saw('opened')
    first.child.kill('SIGKILL')
    const second = start()
    await second.saw('opened')
    await writeFile(path.join(folder, 'done'), '')
    assert.ok(names(second).includes('lease.waiting'))
  })
})

/** Takes the lease by force, as `unlock --force` does. */
async function robLease({ store }: Replica): Promise<void> {
  const other = { id: 'other', label: 'x', since: new Date().toISOString(), beat: 0, ttlMs: 2000 }
  const key = 'main/head.json'
  for (;;) {
    const found = await store.get(key)
    const head = JSON.parse(Buffer.from(found!.bytes).toString())
    const next = { ...head, writeId: randomUUID(), generation: head.generation + 1, holder: other }
    const won = await store.put(key, Buffer.from(JSON.stringify(next)), found!.version).catch(() => null)
    if (won !== null) return
  }
}
