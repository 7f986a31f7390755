import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openSession } from '../../../src/run/in-process/gramjs.ts'
import { convertToFile } from '../../../src/session/convert.ts'
import { portable } from '../../../src/session/formats/portable-session.ts'
import { keyFingerprint } from '../../../src/session/inspect.ts'
import { readAnySession } from '../../../src/session/read-session.ts'
import { KEY } from '../../fixtures/session/schemas.ts'
import { openTestReplica } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { steadyClock } from '../../support/steady-clock.ts'

const pavel = { id: 777n, hash: 9n, username: 'pavel', phone: 15551234n, name: null, date: 1_700_000_000 }
const state = { pts: 31, qts: 0, date: 1_700_000_000, seq: 1 }

describe('openSession, where the file of another family is stored', () => {
  for (const family of ['pyrogram', 'pyrofork', 'kurigram6', 'kurigram', 'mtcute'] as const)
    it(`opens one of ${family} with its peers and states, and saves it as Telethon's from then on`, async () => {
      const store = new ScriptedStore()
      const address = { serverAddress: '149.154.167.51', port: 443 }
      const stored = portable({ dcId: 2, authKey: KEY, ...address, userId: 4242n, isBot: false })
      const session = { ...stored, entities: [pavel], updateStates: new Map([[0n, state]]) }
      await openTestReplica(store, 'ci').push(await convertToFile(session, { family, apiId: 12345 }))
      const reports: Record<string, unknown>[] = []
      const opened = await openSession(openTestReplica(store), {
        clock: steadyClock,
        closeOnSignals: false,
        report: (event, fields = {}) => void (event === 'session.converted' && reports.push(fields)),
      })
      assert.deepEqual(Buffer.from(opened.session.authKey?.getKey() ?? ''), Buffer.from(KEY))
      assert.deepEqual(
        [opened.session.dcId, opened.session.serverAddress, opened.session.port],
        [2, address.serverAddress, 443],
      )
      await opened.close()
      assert.deepEqual(reports, [{ revision: 2, from: family, to: 'telethon' }])
      const { current, history, requires } = await openTestReplica(store).status()
      assert.deepEqual(
        [current?.family, current?.keyFingerprint, history[0]?.family, requires],
        [null, keyFingerprint(KEY), family, []],
      )
      const kept = (await readAnySession((await openTestReplica(store).restore()).bytes)).session
      const { username, hash, phone } = kept.entities.find(({ id }) => id === 777n) ?? {}
      assert.deepEqual([username, hash, phone], ['pavel', 9n, 15551234n])
      assert.equal(kept.updateStates.get(0n)?.pts, family === 'pyrogram' ? undefined : 31)
    })
})
