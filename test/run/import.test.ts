import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { readSettings } from '../../src/config/settings.ts'
import type { Importing } from '../../src/run/import-session.ts'
import { openSession } from '../../src/run/in-process/gramjs.ts'
import { convertToString } from '../../src/session/convert.ts'
import { verifySession } from '../../src/session/inspect.ts'
import { altered } from '../support/sim-clock.ts'
import { openTestReplica, type Reported, Running } from '../support/rig.ts'
import { ScriptedStore } from '../support/store/scripted-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { steadyClock } from '../support/steady-clock.ts'
import { randomKey, sessionBytes } from '../replica/support/sessions.ts'
import { openReplica } from '../../src/config/open-replica.ts'

const DONE = [process.execPath, '-e', '0']

describe('a session that lies beside the program', () => {
  let store: ScriptedStore
  let text: string
  const scratch = temporaryFolder()
  let folders = 0

  beforeEach(async () => {
    store = new ScriptedStore()
    text = await convertToString(await sessionBytes({ userId: 777 }), 'telethon')
  })

  /** How long what waits is told to wait is noted, and over at once. */
  const waits: number[] = []
  const clock = altered(steadyClock, {
    sleep: async (ms, signal) => {
      if (ms < 90_000) return await steadyClock.sleep(ms, signal)
      waits.push(ms)
    },
  })
  const run = (importing: Partial<Importing> = {}): Running => {
    waits.length = 0
    const given = { text, variables: ['TGSESSION_IMPORT'], waitMs: 90_000, ...importing }
    return new Running(openTestReplica(store), DONE, { importing: given, clock })
  }

  it('is stored once by run, which waits for the bot that had it before the command starts', async () => {
    const first = run()
    assert.equal(await first.ended, 0)
    assert.deepEqual(waits, [90_000])
    const { seconds, message } = await first.saw('import.waiting')
    assert.equal(seconds, 90)
    assert.match(String(message), /no lease/)
    assert.ok(first.names.indexOf('import.waiting') < first.names.indexOf('command.started'))
    const second = run()
    assert.equal(await second.ended, 0)
    assert.deepEqual([second.count('session.imported'), second.count('import.waiting'), waits], [0, 0, []])
    assert.equal((await openTestReplica(store).status()).history.length, 0)
  })

  it('is waited for again where the first start was stopped while it waited', async () => {
    const first = new Running(openTestReplica(store), DONE, {
      importing: { text, variables: [], waitMs: 600_000 },
    })
    await first.saw('import.waiting')
    first.stop()
    assert.equal(await first.ended, 143)
    assert.equal(first.count('command.started'), 0)
    const { holder } = await openTestReplica(store).status()
    assert.equal(holder, null)
    const second = run()
    assert.equal(await second.ended, 0)
    assert.deepEqual(waits, [90_000])
  })

  it('is refused aloud, and run waits on, where the text is none, the disk is lost, or the name was deleted', async () => {
    const refusals: Record<string, [Partial<Importing>, RegExp]> = {
      'session.not_a_string': [{ text: 'SESSION_STRNG' }, /neither a session string nor the name/],
      'store.lost_disk': [{ lost: { message: '/app/store lies on a lost disk', hint: '' } }, /lost disk/],
    }
    for (const [code, [importing, message]] of Object.entries(refusals)) {
      const running = run(importing)
      await running.saw('session.waiting')
      const refused = await running.saw('import.refused')
      assert.equal(refused['code'], code)
      assert.match(String(refused['message']), message)
      running.stop()
      assert.equal(await running.ended, 143)
    }
    await openTestReplica(store, 'ci').push(await sessionBytes({ userId: 777 }))
    await openTestReplica(store, 'ci').recovery.delete()
    const running = run()
    assert.equal((await running.saw('import.refused'))['code'], 'import.deleted')
    running.stop()
    await running.ended
    assert.equal((await openTestReplica(store).status()).current, null)
  })

  it('does not hinder a session that is stored, whatever it is', async () => {
    await openTestReplica(store, 'ci').push(await sessionBytes({ userId: 777 }))
    const running = run({ text: 'nonsense' })
    assert.equal(await running.ended, 0)
    assert.ok(!running.names.some((name) => name.startsWith('import.')), running.names.join())
  })

  it('is stored while the store comes back', async () => {
    store.broken = (key) => key === 'main/head.json'
    const running = run()
    await running.saw('session.waiting')
    store.broken = undefined
    assert.equal(await running.ended, 0)
    assert.equal(running.count('session.imported'), 1)
  })

  const inProcess = async (more: Record<string, string>): Promise<Reported[]> => {
    const reports: Reported[] = []
    const env = { TGSESSION_STORE: `file:${scratch}/${folders}`, ...more }
    const opened = await openSession(env, {
      clock,
      report: (event, fields = {}) => reports.push({ event, fields }),
      closeOnSignals: false,
    })
    await opened.close()
    return reports
  }

  it('is stored once by openSession, from the variable that is named', async () => {
    folders++
    waits.length = 0
    const key = randomKey()
    const bytes = await sessionBytes({ key, userId: 777 })
    const given = {
      TGSESSION_IMPORT: 'SESSION_STRING',
      SESSION_STRING: await convertToString(bytes, 'gramjs'),
      TGSESSION_IMPORT_WAIT: '100s',
    }
    const first = await inProcess(given)
    const { keyFingerprint } = await verifySession(bytes)
    assert.equal(first.find(({ event }) => event === 'session.imported')?.fields['key'], keyFingerprint)
    assert.deepEqual(waits, [100_000])
    const second = await inProcess(given)
    assert.ok(!second.some(({ event }) => /import/.test(event)))
    const replica = await openReplica(
      await readSettings({ TGSESSION_STORE: `file:${scratch}/${folders}` }, { store: true }),
    )
    await replica.recovery.delete()
    await assert.rejects(inProcess(given), { code: 'session.none' })
  })

  it('knows how long a host keeps the old instance', async () => {
    const waitOf = async (env: Record<string, string>): Promise<number | undefined> =>
      (await readSettings({ TGSESSION_IMPORT: text, ...env })).importing?.waitMs
    assert.equal(await waitOf({ DYNO: 'worker.1' }), 90_000)
    assert.equal(await waitOf({ RENDER: 'true', RENDER_INSTANCE_ID: 'a' }), 120_000)
    assert.equal(await waitOf({ DYNO: 'worker.1', TGSESSION_IMPORT_WAIT: '0' }), 0)
    assert.equal((await readSettings({})).importing, undefined)
    const named = await readSettings({ TGSESSION_IMPORT: 'S', S: text })
    assert.deepEqual(named.importing?.variables, ['TGSESSION_IMPORT', 'S'])
    // A variable that holds none is named by mistake.
    const wrong = await readSettings({ TGSESSION_IMPORT: 'PATH', PATH: '/bin' })
    assert.deepEqual(wrong.importing?.variables, ['TGSESSION_IMPORT'])
    await assert.rejects(readSettings({ TGSESSION_IMPORT_WAIT: 'long' }), { code: 'config.invalid' })
  })
})
