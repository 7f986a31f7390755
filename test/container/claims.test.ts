import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { randomKey, sessionBytes } from '../replica/support/sessions.ts'
import { containers, KINDS, type OwnDatabase } from './databases.ts'

for (const { name, skip, make } of KINDS)
  describe(`one auth key, one id of a container on ${name}`, { skip }, () => {
    const container = containers()
    let database: OwnDatabase
    before(async () => {
      database = await make()
    })
    after(async () => database.drop())

    it('refuses a key that another id has, until that one is deleted', async () => {
      const own = container(database)
      const key = randomKey()
      const bytes = await sessionBytes({ key })
      await own.copySession(bytes, 'first')
      const refused = { code: 'session.claimed', exitCode: 73, message: /as first$/ }
      await assert.rejects(own.copySession(bytes, 'second'), refused)
      assert.equal(await own.hasSession('second'), false)
      await own.copySession(await sessionBytes({ key, peers: 1 }), 'first', { replace: true })
      await own.deleteSession('first')
      await own.copySession(bytes, 'second')
      await assert.rejects(own.copySession(bytes, 'first'), { message: /as second$/ })
      await own.copySession(await sessionBytes(), 'second', { replace: true })
      await own.copySession(bytes, 'first')
    })

    it('tells of many which were refused, and has one winner of a race', async () => {
      const bytes = await sessionBytes()
      const errors: unknown[] = []
      const onProgress = ({ error }: { error?: unknown }): void => void (error && errors.push(error))
      const both = [['one', bytes] as const, ['two', bytes] as const]
      assert.deepEqual(await container(database).importSessions(both, { onProgress }), ['one'])
      assert.equal(errors.length, 1)
      const other = await sessionBytes()
      const outcomes = await Promise.allSettled(
        ['left', 'right'].map((id) => container(database).copySession(other, id)),
      )
      assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    })

    it('is looked at when a session is opened: rows that were copied are not served', async () => {
      const own = container(database, { plainKeys: true, key: undefined })
      await own.copySession(await sessionBytes(), 'original')
      await database.run(
        `INSERT INTO sessions (session_id, dc_id, server_address, port, auth_key)
          SELECT 'copied', dc_id, server_address, port, auth_key FROM sessions WHERE session_id = 'original'`,
      )
      await assert.rejects(own.open('copied'), { code: 'session.claimed' })
      await (await own.open('original')).close()
    })

    it('is dead under all when it is dead under one', async () => {
      const own = container(database)
      const bytes = await sessionBytes()
      await own.copySession(bytes, 'ended')
      const opened = await own.open('ended')
      await opened.markDead('revoked')
      await opened.markDead('revoked')
      opened.session.core.setDC(4, '149.154.167.91', 443)
      await opened.close()
      await assert.rejects(own.open('ended'), { code: 'session.dead' })
      await own.deleteSession('ended')
      for (const id of ['ended', 'again'])
        await assert.rejects(own.copySession(bytes, id), { code: 'session.dead_key', exitCode: 76 })
    })
  })
