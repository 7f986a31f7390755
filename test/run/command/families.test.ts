import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, it } from 'node:test'
import { convertToFile } from '../../../src/session/convert.ts'
import type { FamilyName } from '../../../src/session/formats/family.ts'
import { portable, type PortableSession } from '../../../src/session/formats/portable-session.ts'
import { inspectSession, keyFingerprint } from '../../../src/session/inspect.ts'
import { readAnySession } from '../../../src/session/read-session.ts'
import type { RunOptions } from '../../../src/run/run-options.ts'
import { database, hex, KEY, OTHER_KEY, V7 } from '../../fixtures/session/schemas.ts'
import { openTestReplica, Running } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { PYTHON } from '../../support/requires.ts'
import { until } from '../../support/until.ts'

const CLIENT = path.join(import.meta.dirname, '../../support/clients/pyrogram_kin.py')
const KIN = ['pyrogram', 'pyrofork', 'kurigram6', 'kurigram'] as const
const OWN = `${V7} insert into entities values (0, 4242, null, null, null, 1);
  create table tgsession_account (is_bot integer, api_id integer); insert into tgsession_account values (1, 12345);
  create table tgsession_auth_keys (dc_id integer primary key, auth_key blob);
  insert into tgsession_auth_keys values (4, x'${hex(OTHER_KEY)}');
  insert into sent_files values (x'000102030405060708090a0b0c0d0e0f', 5, 1, 2, 3);`

/** What pyrogram_kin.py writes. */
interface Told {
  peers: number
  mode: string
  user: number
  bot: number
  key: string
}

/** What every family can hold. */
const FULL = portable({
  dcId: 2,
  authKey: KEY,
  userId: 4242n,
  isBot: false,
  serverAddress: '127.0.0.1',
  port: 443,
})

describe('run, with a client of Pyrogram and its kin', () => {
  const scratch = temporaryFolder()
  let store: ScriptedStore

  beforeEach(() => {
    store = new ScriptedStore()
  })

  const replica = (): ReturnType<typeof openTestReplica> => openTestReplica(store)
  const start = (client: string, args: string[], options: Partial<RunOptions> = {}): Running =>
    new Running(replica(), [PYTHON, CLIENT, client, '--tell', told(), ...args], options)
  const told = (): string => path.join(scratch, 'told.json')
  const stored = async (): Promise<{ family: string | null; session: PortableSession }> => {
    const { revision, bytes } = await replica().restore()
    return { family: revision.family, session: (await readAnySession(bytes)).session }
  }
  /** Lets it run to its end; what it said it had found. */
  const ran = async (
    client: FamilyName,
    args: string[],
    options: Partial<RunOptions> = {},
  ): Promise<{ running: Running; said: Told }> => {
    const running = start(client, [...args, '--end'], options)
    assert.equal(await running.ended, 0, JSON.stringify(running.events))
    return { running, said: JSON.parse(readFileSync(told(), 'utf8')) }
  }

  for (const family of KIN)
    it(`serves ${family} a session that was stored as Telethon's, and keeps what it commits`, async () => {
      await replica().push(await database(OWN))
      const { running, said } = await ran(family, ['--peers', '50'], { family })
      assert.deepEqual(
        { ...said, mode: undefined },
        { peers: 51, user: 4242, bot: 1, key: hex(KEY), mode: undefined },
      )
      assert.equal(said.mode, family === 'kurigram' ? 'delete' : 'wal')
      const converted = running.events.find(({ event }) => event === 'session.converted')
      assert.deepEqual([converted?.fields['from'], converted?.fields['to']], ['telethon', family])
      const { family: kept, session } = await stored()
      assert.deepEqual([kept, session.entities.length, session.isBot], [family, 51, true])
      const { requires, history } = await replica().status()
      assert.deepEqual(requires, [`family-${family}`])
      assert.ok(history.some((entry) => entry.family === null))
      assert.equal((await replica().status()).current?.keyFingerprint, keyFingerprint(KEY))
    })

  it('gives back what had no place when the family changes again', async () => {
    await replica().push(await database(OWN))
    await ran('kurigram', ['--peers', '3'], { family: 'kurigram' })
    await new Running(replica(), [PYTHON, '-c', ''], { family: 'telethon' }).ended
    const { family, session } = await stored()
    assert.equal(family, null)
    const pavel = session.entities.find(({ id }) => id === 777n)
    assert.deepEqual([pavel?.name, session.entities.length], ['Pavel', 4])
    assert.deepEqual([session.takeoutId, session.sentFiles.length], [99n, 1])
    assert.deepEqual(session.otherKeys, new Map([[4, OTHER_KEY]]))
    assert.deepEqual((await replica().status()).requires, [])
  })

  it('follows a client that upgrades the file, and says so', async () => {
    const full = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
    await replica().push(await convertToFile(full, { family: 'pyrogram' }))
    const { running } = await ran('kurigram', ['--peers', '2'])
    const upgraded = running.events.find(({ event }) => event === 'session.upgraded')
    assert.deepEqual([upgraded?.fields['from'], upgraded?.fields['to']], ['pyrogram', 'kurigram'])
    assert.equal((await stored()).family, 'kurigram')
  })

  it('is one revision as long as the client changes nothing', async () => {
    for (const family of KIN) {
      store = new ScriptedStore()
      const full = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
      await replica().push(await convertToFile(full, { family }))
      await ran(family, [])
      const { current } = await replica().status()
      await ran(family, [])
      assert.equal((await replica().status()).current?.objectKey, current?.objectKey, family)
    }
  })

  for (const family of KIN)
    it(`quarantines what ${family} leaves when it has lost its login, and serves the stored one`, async () => {
      const full = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
      await replica().push(await convertToFile(full, { family }))
      const running = start(family, ['--lose', '--end'])
      await running.ended
      const { quarantined, current } = await replica().status()
      assert.deepEqual([quarantined.length, current?.keyFingerprint], [1, keyFingerprint(KEY)])
    })

  it('quarantines what mtcute leaves that has made a new key, whatever it says of the account', async () => {
    await replica().push(await convertToFile(FULL, { family: 'mtcute' }))
    const script = `const { DatabaseSync } = require('node:sqlite')
      const db = new DatabaseSync(process.env.TGSESSION_FILE)
      db.prepare('update auth_keys set key = ? where dc = 2').run(require('crypto').randomBytes(256))`
    const running = new Running(replica(), [process.execPath, '-e', script])
    await running.ended
    const { quarantined, current } = await replica().status()
    assert.deepEqual(
      [quarantined.map(({ userId }) => userId), current?.keyFingerprint, current?.family],
      [['4242'], keyFingerprint(KEY), 'mtcute'],
    )
  })

  for (const family of [...KIN, 'mtcute'] as const)
    it(`keeps the stored session where a ${family} client deletes its file, as at log_out()`, async () => {
      await replica().push(await convertToFile(FULL, { family }))
      const { current } = await replica().status()
      const argv = [process.execPath, '-e', 'fs.rmSync(process.env.TGSESSION_FILE)']
      const running = new Running(replica(), argv)
      assert.equal(await running.ended, 79)
      assert.equal((await running.saw('save.failed'))['code'], 'session.gone')
      const left = await replica().status()
      assert.deepEqual([left.current?.objectKey, left.quarantined], [current?.objectKey, []])
    })

  it('takes copies while a client in WAL mode holds an open transaction that spills its cache', async () => {
    const full = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
    await replica().push(await convertToFile(full, { family: 'pyrogram' }))
    const running = start('pyrogram', ['--peers', '40000', '--save', '0.3'])
    await until(async () => (await stored()).session.entities.length === 40_000, 'all peers in the store')
    running.stop()
    assert.equal(await running.ended, 0, JSON.stringify(running.events))
    const { bytes } = await replica().restore()
    assert.deepEqual((await inspectSession(bytes)).problems, [])
    assert.equal(running.count('capture.waits_for_stop') + running.count('save.failed'), 0)
  })

  it('waits for the end of one that locks its file, says so once, and keeps all of it', async () => {
    const full = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
    await replica().push(await convertToFile(full, { family: 'kurigram' }))
    const running = start('kurigram', ['--peers', '40000'])
    await running.saw('capture.waits_for_stop')
    running.stop()
    assert.equal(await running.ended, 0, JSON.stringify(running.events))
    assert.deepEqual([running.count('capture.waits_for_stop'), running.count('save.failed')], [1, 0])
    assert.equal((await stored()).session.entities.length, 40_000)
  })

  it('refuses to guess whose session it is, and names settings that exist', async () => {
    await replica().push(await database(V7))
    await assert.rejects(new Running(replica(), [PYTHON, '-c', ''], { family: 'kurigram' }).ended, {
      code: 'run.needs_account',
      hint: /TGSESSION_USER_ID/,
    })
    assert.equal((await replica().status()).current?.family, null)
    await new Running(replica(), [PYTHON, '-c', ''], { family: 'kurigram', userId: 4242n }).ended
    assert.equal((await stored()).session.userId, 4242n)
  })

  it('gives several strings at once, with the api_id and the account of the settings', async () => {
    await replica().push(await database(V7))
    const asStrings = [
      { variable: 'ONE', format: 'pyrogram' },
      { variable: 'TWO', format: 'telethon' },
    ] as const
    const script = `import os, sys; sys.exit(len(os.environ['ONE']) - 300 if len(os.environ['TWO']) == 353 else 1)`
    const argv = [PYTHON, '-c', script]
    const running = new Running(replica(), argv, { asStrings, apiId: 12345, userId: 4242n })
    assert.equal(await running.ended, 62)
    await assert.rejects(new Running(replica(), argv, { asStrings, userId: 4242n }).ended, {
      code: 'run.needs_api_id',
    })
  })
})
