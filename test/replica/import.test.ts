import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { awaitsFormer } from '../../src/replica/login/import.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { forbidden } from '../support/store/scripted-store.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { Setting } from './support/setting.ts'

const bytesOf = async (key = randomKey()): Promise<Uint8Array> => await sessionBytes({ key, userId: 777 })

/** What Telegram says of the session that is stored. */
async function dies(setting: Setting, replica: Replica, reason: 'revoked' | 'loggedOut'): Promise<void> {
  const { current } = await setting.during(replica.status())
  assert.ok(current)
  const lease = await setting.during(replica.lease())
  await setting.during(replica.markDead(lease, current, reason))
  await setting.during(lease.release())
}

describe('a session that is imported at the start', () => {
  it('is stored where there is none, once', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    const bytes = await bytesOf()
    const imported = await setting.during(replica.import(bytes))
    assert.equal(imported?.revision, 1)
    assert.equal(await setting.during(replica.import(bytes)), null)
    assert.equal(await setting.during(replica.import(await bytesOf())), null)
    assert.equal(setting.head.history.length, 0)
    assert.equal(setting.head.lastLogin?.revision, 1)
    setting.assertTidy()
  })

  it('takes the place of a dead one, but never of one that was stored here before', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    const first = await bytesOf()
    await setting.during(replica.import(first))
    await dies(setting, replica, 'revoked')
    await assert.rejects(setting.during(replica.import(first)), { code: 'session.dead_key' })
    const second = await bytesOf()
    assert.equal((await setting.during(replica.import(second)))?.revision, 2)
    const third = await bytesOf()
    await setting.during(replica.push(third))
    await dies(setting, replica, 'revoked')
    await assert.rejects(setting.during(replica.import(second)), { code: 'import.held', exitCode: 76 })
    assert.equal(setting.head.current?.revision, 3)
  })

  it('knows a key of which no revision is left: quarantined and dropped, or deleted under this or another name', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    const quarantined = await bytesOf()
    const pinned = setting.replica('ci', { userId: '888' })
    assert.equal((await setting.during(pinned.push(quarantined))).outcome, 'quarantined')
    setting.edit((head) => ({ ...head, quarantined: [] }))
    await assert.rejects(setting.during(replica.import(quarantined)), { code: 'import.held' })

    const other = setting.replica('worker.2', { name: 'other' })
    const deleted = await bytesOf()
    await setting.during(other.push(deleted))
    await setting.during(other.recovery.delete())
    await assert.rejects(setting.during(replica.import(deleted)), { code: 'import.held' })
    assert.equal(setting.head.current, null)
  })

  it('stays away after a deletion and after a logout, whatever key it has', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    await setting.during(replica.push(await bytesOf()))
    await dies(setting, replica, 'loggedOut')
    await assert.rejects(setting.during(replica.import(await bytesOf())), { code: 'import.logged_out' })
    await setting.during(replica.recovery.delete())
    await assert.rejects(setting.during(replica.import(await bytesOf())), { code: 'import.deleted' })
    assert.equal(setting.head.current, null)
  })

  it('stays away where it is deleted in the same moment', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    await setting.during(replica.push(await bytesOf()))
    await dies(setting, replica, 'revoked')
    const at = { method: 'put', key: 'main/revisions/', first: () => replica.recovery.delete() } as const
    setting.store.fault(at)
    await assert.rejects(setting.during(replica.import(await bytesOf())), { code: 'import.deleted' })
    assert.equal(setting.head.current, null)
  })

  it('is stored by the next start where this one died in the middle', async () => {
    const setting = new Setting()
    const bytes = await bytesOf()
    setting.store.fault({ method: 'put', key: 'main/revisions/', answer: new Error('killed'), lands: false })
    await assert.rejects(setting.during(setting.replica().import(bytes)), /killed/)
    assert.equal(setting.store.keys('_claims/').length, 1, 'the claim is there, and the revision is not')
    assert.equal((await setting.during(setting.replica('worker.2').import(bytes)))?.revision, 1)
  })

  it('has one winner where two start at once', async () => {
    const setting = new Setting()
    const bytes = await bytesOf()
    const both = [setting.replica('worker.1'), setting.replica('worker.2')]
    const imported = await setting.during(Promise.allSettled(both.map((one) => one.import(bytes))))
    const stored = imported.filter((one) => one.status === 'fulfilled' && one.value !== null)
    assert.equal(stored.length, 1)
    assert.equal(setting.head.current?.revision, 1)
    assert.ok(awaitsFormer(setting.head))
  })

  it('is not stored where it cannot be known whether the store has had it', async () => {
    const setting = new Setting()
    setting.store.fault({ method: 'get', key: '_claims/', answer: forbidden() })
    await assert.rejects(setting.during(setting.replica().import(await bytesOf())), {
      code: 'import.unchecked',
      exitCode: 77,
    })
    assert.equal(setting.store.objects.size, 0)
  })

  it('is of the account that is expected', async () => {
    const setting = new Setting()
    const pinned = setting.replica('worker.1', { userId: '888' })
    await assert.rejects(setting.during(pinned.import(await bytesOf())), { code: 'replica.other_account' })
    const replica = setting.replica()
    await setting.during(replica.push(await sessionBytes({ userId: 888 })))
    await dies(setting, replica, 'revoked')
    await assert.rejects(setting.during(replica.import(await bytesOf())), { code: 'replica.other_account' })
  })

  it('has the holder wait for the instance that it came from, until one has', async () => {
    const setting = new Setting()
    const replica = setting.replica()
    await setting.during(replica.import(await bytesOf()))
    const lease = await setting.during(replica.lease())
    assert.ok(awaitsFormer(setting.head))
    await setting.during(replica.formerIsGone(lease))
    assert.ok(!awaitsFormer(setting.head))
    assert.deepEqual(
      setting.head.logins.map(({ outcome }) => outcome),
      ['done'],
    )
    await setting.during(lease.release())
    await assert.rejects(setting.during(replica.formerIsGone(lease)), { code: 'lease.lost' })
  })
})
