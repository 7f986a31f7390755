import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { telethonFile } from '../../src/container/rows/telethon-bytes.ts'
import {
  BadDataError,
  ConflictError,
  LeaseError,
  NoSessionError,
  RefusedError,
} from '../../src/base/errors.ts'
import { inspectSession, keyFingerprint } from '../../src/session/inspect.ts'
import { Running, temporaryFolder } from '../support/rig.ts'
import { AUTH_KEY, containers, type OwnDatabase, SERVERS } from './databases.ts'
import { until } from '../support/until.ts'

const program = (name: string): string => path.join(import.meta.dirname, '..', 'run', 'programs', name)
const OWNER = 4242n

/** A session file with a key of its own. */
async function fileOf(seed: number): Promise<Uint8Array> {
  const authKey = AUTH_KEY.map((byte) => (byte + seed) % 256)
  const auth = { dcId: 2, serverAddress: '149.154.167.51', port: 443, authKey, takeoutId: undefined }
  const own = { id: 0n, hash: OWNER, username: null, phone: null, name: null }
  const none = { otherKeys: new Map(), states: [], files: [] }
  return await telethonFile({ auth, entities: [own], complete: true, written: 0n, ...none })
}

const fingerprintOf = async (bytes: Uint8Array): Promise<string | null> =>
  (await inspectSession(bytes)).keyFingerprint

/** As a program leaves it that writes to the file by itself. */
async function edited(bytes: Uint8Array, ...statements: string[]): Promise<Uint8Array> {
  const { folder, remove } = await temporaryFolder()
  const file = path.join(folder, 'edited.session')
  await writeFile(file, bytes)
  const database = new DatabaseSync(file)
  for (const statement of statements) database.exec(statement)
  database.close()
  const written = await readFile(file)
  await remove()
  return written
}

const refusedWith =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof RefusedError && error.code === code

for (const { name, skip, make } of SERVERS)
  describe(`a session of a container on ${name}, as run and login keep it`, { skip }, () => {
    let database: OwnDatabase
    const container = containers()
    before(async () => {
      database = await make()
    })
    after(async () => database.drop())
    const fast = { ttlMs: 4000 }

    it('is handed to a command as a file, and what the command changes is saved', async () => {
      const own = container(database, fast)
      await own.copySession(await fileOf(1), 'run')
      const { folder, remove } = await temporaryFolder()
      const log = path.join(folder, 'log')
      const running = new Running(own.keep('run'), [process.execPath, program('serve.ts')], {
        env: { ...process.env, LOG: log },
      })
      const { revision } = await running.saw('session.restored')
      assert.equal(revision, 1)
      await running.saw('command.started')
      await until(async () => (await readFile(log, 'utf8').catch(() => '')).startsWith('start'))
      running.stop()
      assert.equal(await running.ended, 7)
      assert.equal((await running.saw('session.saved'))['revision'], 2)
      const opened = await own.open('run')
      assert.equal(opened.session.core.findByText('written on TERM')?.id, 90_001n)
      assert.equal(opened.generation, 3)
      await opened.close()
      await remove()
    })

    it('is written by its rows that changed: entities, states, files; null takes nothing away', async () => {
      const own = container(database)
      await own.copySession(
        await edited(
          await fileOf(2),
          `INSERT INTO entities VALUES (5, 50, 'old_owner', 491, 'Five', 1), (6, 60, NULL, NULL, 'Six', 2)`,
        ),
        'rows',
      )
      const kept = own.keep('rows')
      const lease = await kept.lease()
      const { revision, bytes } = await kept.restore()
      assert.deepEqual(await kept.save(lease, revision, bytes), { outcome: 'unchanged', revision })
      const writtenAt = async (): Promise<Map<string, string>> => {
        const rows = await database.run(
          `SELECT id, written FROM tgsession_entities WHERE session_id = 'rows'`,
        )
        return new Map(rows.map((row) => [String(row['id']), String(row['written'])]))
      }
      const written = await writtenAt()
      const saved = await kept.save(
        lease,
        revision,
        await edited(
          bytes,
          `UPDATE entities SET phone = NULL, hash = 51, date = 9000000000 WHERE id = 5`,
          `INSERT INTO entities VALUES (7, -70, 'old_owner', NULL, 'Seven', 9000000001)`,
          `INSERT INTO update_state (id, pts, qts, date, seq) VALUES (0, 3000000000, 2, 1700000000, 4)`,
          `INSERT INTO sent_files VALUES (x'000102030405060708090a0b0c0d0e0f', 5, 0, 77, 78)`,
        ),
      )
      assert.equal(saved.outcome, 'saved')
      assert.equal(saved.revision.revision, 2)
      const after5 = await writtenAt()
      assert.equal(after5.get('6'), written.get('6'))
      assert.notEqual(after5.get('5'), written.get('5'))
      const again = await kept.restore()
      const file = await edited(again.bytes)
      const { folder, remove } = await temporaryFolder()
      await writeFile(path.join(folder, 'a'), file)
      const look = new DatabaseSync(path.join(folder, 'a'))
      const all = (text: string): unknown[] =>
        look
          .prepare(text)
          .all()
          .map((row) => Object.values(row))
      assert.deepEqual(all('SELECT id, hash, username, phone, name FROM entities WHERE id > 0 ORDER BY id'), [
        [5, 51, null, 491, 'Five'],
        [6, 60, null, null, 'Six'],
        [7, -70, 'old_owner', null, 'Seven'],
      ])
      assert.deepEqual(all('SELECT id, pts, qts, date, seq FROM update_state'), [
        [0, 3_000_000_000, 2, 1_700_000_000, 4],
      ])
      assert.equal(all('SELECT * FROM sent_files').length, 1)
      look.close()
      await remove()
      // Telethon leaves the username with both; that is no change.
      const same = await kept.save(
        lease,
        again.revision,
        await edited(again.bytes, 'PRAGMA user_version = 9'),
      )
      assert.equal(same.outcome, 'unchanged')
      await lease.release()
    })

    it('keeps its key: a changed one is quarantined, and at the second time run waits', async () => {
      const own = container(database, fast)
      const bytes = await fileOf(3)
      await own.copySession(bytes, 'quarantined')
      const running = new Running(own.keep('quarantined'), [process.execPath, program('change-key.ts')], {
        quietMs: 50,
        maxMs: 200,
      })
      await running.saw('session.quarantined', 2)
      assert.match(String((await running.saw('session.waiting'))['for']), /lost its key twice/)
      running.stop()
      assert.equal(await running.ended, 143)
      assert.equal(await fingerprintOf(await own.exportSession('quarantined')), await fingerprintOf(bytes))
      const quarantined = await own.listQuarantined('quarantined')
      assert.equal(quarantined.length, 2)
      const [first] = quarantined
      assert.equal(first?.reason, 'the key changed outside a login')
      const taken = await own.exportSession('quarantined', { quarantined: first.keyFingerprint })
      assert.equal(await fingerprintOf(taken), first.keyFingerprint)
      await assert.rejects(own.exportSession('quarantined', { quarantined: '0'.repeat(16) }), NoSessionError)
      const [row] = await database.run(`SELECT auth_key FROM tgsession_aside`)
      assert.notEqual(Object(row?.['auth_key']).length, 256, 'it is encrypted')
      await own.deleteSession('quarantined')
      assert.deepEqual(await own.listQuarantined('quarantined'), [])
    })

    it('is started again by whoever lost the lease', async () => {
      const own = container(database, fast)
      await own.copySession(await fileOf(4), 'lost')
      const running = new Running(own.keep('lost'), [process.execPath, program('serve.ts')], {
        env: { ...process.env, LOG: '/dev/null' },
      })
      await running.saw('command.started')
      // Its holder is one that will never be heard of again.
      await database.run(
        `UPDATE tgsession_leases SET holder = 'x', generation = generation + 1 WHERE session_id = 'lost'`,
      )
      assert.equal((await running.saw('session.again'))['because'], 'lost')
      await running.saw('command.started', 2)
      assert.equal(running.count('session.saved'), 0, 'nothing is saved without the lease')
      running.stop()
      await running.ended
    })

    it('takes a login only where there is no good session, and none that Telegram wants to wait', async () => {
      const own = container(database)
      const place = own.loginPlace('login')
      assert.deepEqual(await place.status(), { current: null, holder: null, loginBlockedUntil: null })
      const first = await place.beginLogin({})
      const bytes = await fileOf(5)
      assert.equal((await place.finishLogin(first, bytes)).revision.revision, 1)
      const generation = async (): Promise<number> => {
        const found = await database.run(`SELECT generation FROM tgsession_leases WHERE session_id = 'login'`)
        return Number(found[0]?.['generation'])
      }
      const taken = await generation()
      // Its answer was lost, and it is made again: whoever has begun to use it keeps it.
      assert.equal((await place.finishLogin(first, bytes)).outcome, 'saved')
      assert.equal(await generation(), taken)
      const { current } = await place.status()
      assert.deepEqual(
        [current?.keyFingerprint, current?.userId],
        [await fingerprintOf(bytes), String(OWNER)],
      )
      await assert.rejects(place.beginLogin({}), refusedWith('login.session_exists'))

      const [a, b] = [await place.beginLogin({ replace: true }), await place.beginLogin({ replace: true })]
      await place.finishLogin(a, await fileOf(6))
      await assert.rejects(place.finishLogin(b, await fileOf(7)), ConflictError)
      const c = await place.beginLogin({ replace: true })
      await place.failLogin(c, 'login.flood_wait', new Date(Date.now() + 60_000))
      await place.failLogin(c, 'login.flood_wait')
      await own.deleteSession('login')
      await assert.rejects(place.beginLogin({ replace: true }), refusedWith('login.blocked'))
      const rows = await database.run(`SELECT outcome FROM tgsession_logins WHERE session_id = 'login'`)
      assert.deepEqual(
        rows.map((row) => String(row['outcome'])).toSorted((x, y) => (x < y ? -1 : 1)),
        ['done', 'done', 'login.flood_wait', 'started'],
      )
    })

    it('is lost to its holder when a login puts another in its place', async () => {
      const own = container(database, fast)
      await own.copySession(await fileOf(8), 'dropped')
      const opened = await own.open('dropped')
      const place = container(database, fast).loginPlace('dropped')
      await place.finishLogin(await place.beginLogin({ replace: true }), await fileOf(9))
      opened.session.core.setAuthKey(AUTH_KEY)
      await assert.rejects(opened.session.flush(), LeaseError)
      await until(() => opened.signal.aborted)
      await assert.rejects(opened.close(), LeaseError)
      const { current } = await place.status()
      assert.equal(current?.keyFingerprint, await fingerprintOf(await fileOf(9)))
    })

    it('is not served once Telegram has ended its key, nor put in again', async () => {
      const own = container(database)
      const bytes = await fileOf(10)
      await own.copySession(bytes, 'dead')
      const kept = own.keep('dead')
      const lease = await kept.lease()
      await kept.markDead(lease, (await kept.restore()).revision, 'revoked')
      await lease.release()
      const running = new Running(own.keep('dead'), ['true'], { maxWaitMs: 300 })
      await assert.rejects(
        running.ended,
        (error) => error instanceof NoSessionError && error.code === 'session.dead',
      )
      await assert.rejects(own.copySession(bytes, 'dead', { replace: true }), RefusedError)
      const place = own.loginPlace('dead')
      await place.finishLogin(await place.beginLogin({}), await fileOf(11))
      assert.equal((await place.status()).current?.dead, null)
    })

    it('is held to the account that is named', async () => {
      const own = container(database)
      await own.copySession(await fileOf(12), 'pinned')
      await assert.rejects(
        own.keep('pinned', { userId: '1' }).restore(),
        (error) => error instanceof BadDataError && error.code === 'replica.other_account',
      )
      assert.equal((await own.keep('pinned', { userId: String(OWNER) }).restore()).revision.revision, 1)
      const place = own.loginPlace('pinned2', { userId: '1' })
      const outcome = await place.finishLogin(await place.beginLogin({}), await fileOf(13))
      assert.equal(outcome.outcome, 'quarantined')
      assert.equal(await own.hasSession('pinned2'), false)
      const key = AUTH_KEY.map((byte) => (byte + 13) % 256)
      assert.equal((await own.listQuarantined('pinned2'))[0]?.keyFingerprint, keyFingerprint(key))
    })
  })
