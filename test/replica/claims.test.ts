import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ObjectStore } from '../../src/store/store.ts'
import { forbidden } from '../support/store/scripted-store.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { begun, Setting } from './support/setting.ts'

/** Two names in one store, and one auth key. */
async function two() {
  const setting = new Setting()
  const key = randomKey()
  const bytes = await sessionBytes({ key, userId: 777 })
  const main = setting.replica('worker.1')
  const copy = setting.replica('worker.2', { name: 'copy' })
  return { setting, key, bytes, main, copy }
}

const claimsIn = (setting: Setting): string[] => setting.store.keys('_claims/')

/** As a CI whose credentials reach one name only. */
function walled(store: ObjectStore, name: string): ObjectStore {
  const only = async (key: string): Promise<void> => {
    if (!key.startsWith(`${name}/`) && !key.startsWith('.')) throw forbidden()
  }
  return {
    label: store.label,
    get: async (key, options) => (await only(key), await store.get(key, options)),
    put: async (key, ...rest) => (await only(key), await store.put(key, ...rest)),
    delete: async (key, options) => (await only(key), await store.delete(key, options)),
    list: (prefix, options) => store.list(prefix, options),
    close: () => store.close(),
  }
}

describe('one auth key, one name', () => {
  it('refuses a push, a login and a promotion under a second name, naming the first', async () => {
    const { setting, bytes, main, copy } = await two()
    assert.equal((await setting.during(main.push(bytes))).outcome, 'saved')
    const named = { code: 'session.claimed', exitCode: 73, message: /under the name main, as revision 1/ }
    const before = setting.store.keys('copy/revisions/')
    await assert.rejects(setting.during(copy.push(bytes)), named)
    const attempt = await setting.during(begun(copy))
    await assert.rejects(setting.during(attempt.finish(bytes)), named)
    assert.deepEqual(setting.store.keys('copy/revisions/'), before)
    // Quarantined is stored, but not in use: that is refused only when it is to become current.
    const pinned = setting.replica('ci', { name: 'copy', userId: '888' })
    const { revision } = await setting.during(pinned.push(bytes))
    await assert.rejects(setting.during(copy.recovery.promote(revision.revision)), named)
    assert.equal(claimsIn(setting).length, 1)
  })

  it('lets a name take what the other has deleted or replaced', async () => {
    const { setting, key, bytes, main, copy } = await two()
    await setting.during(main.push(bytes))
    await setting.during(main.push(await sessionBytes({ userId: 777 })))
    assert.equal((await setting.during(copy.push(bytes))).outcome, 'saved')
    // The first one cannot have it back now.
    await assert.rejects(setting.during(main.recovery.rollback(1, { otherKey: true })), {
      code: 'session.claimed',
      message: /under the name copy/,
    })
    await setting.during(copy.recovery.delete())
    await setting.during(main.recovery.rollback(1, { otherKey: true }))
    const more = await sessionBytes({ key, peers: 1 })
    assert.equal((await setting.during(main.push(more))).outcome, 'saved')
  })

  it('has one winner when two names are given the key in the same moment', async () => {
    const { setting, bytes, main, copy } = await two()
    setting.store.fault({ method: 'put', key: '_claims/', first: () => main.push(bytes) })
    await assert.rejects(setting.during(copy.push(bytes)), { code: 'session.claimed' })
    assert.equal(setting.head.current?.savedBy, 'worker.1')
  })

  it('is looked at with the lease: a head that was copied from another name is not served', async () => {
    const { setting, bytes, main, copy } = await two()
    await setting.during(main.push(bytes))
    for (const [key, object] of setting.store.objects)
      if (key.startsWith('main/')) setting.store.objects.set(key.replace('main/', 'copy/'), object)
    await assert.rejects(setting.during(copy.lease()), { code: 'session.claimed' })
    assert.equal((await setting.during(copy.status())).holder, null)
    await setting.during((await setting.during(main.lease())).release())
    // It can be deleted all the same.
    await setting.during(copy.recovery.delete())
  })

  it('is dead under all names when it is dead under one', async () => {
    const { setting, bytes, main, copy } = await two()
    const { revision } = await setting.during(main.push(bytes))
    for (const [key, object] of setting.store.objects)
      if (key.startsWith('main/')) setting.store.objects.set(key.replace('main/', 'copy/'), object)
    const lease = await setting.during(main.lease())
    await setting.during(main.markDead(lease, revision, 'revoked'))
    await setting.during(lease.release())
    await setting.during((await setting.during(copy.lease())).release())
    assert.equal((await setting.during(copy.status())).current?.dead, 'revoked')
    await setting.during(main.recovery.delete())
    await assert.rejects(setting.during(setting.replica('ci', { name: 'third' }).push(bytes)), {
      code: 'session.dead_key',
      exitCode: 76,
    })
  })

  it('goes on, and says so, with credentials that reach one name only', async () => {
    const { setting, bytes } = await two()
    const ci = setting.replica('ci', { store: walled(setting.store, 'main') })
    const pushed = await setting.during(ci.push(bytes))
    assert.ok(pushed.outcome === 'saved' && pushed.claim === 'not checked')
    assert.deepEqual(claimsIn(setting), [])
    const lease = await setting.during(setting.replica('worker.1').lease())
    assert.equal(claimsIn(setting).length, 1)
    await setting.during(lease.release())
  })

  it('takes a claim, or a head, that cannot be read for one that counts', async () => {
    const { setting, bytes, main, copy } = await two()
    await setting.during(main.push(bytes))
    const [claim] = claimsIn(setting)
    assert.ok(claim)
    setting.edit((head) => ({ ...head, requires: ['teleport'] }))
    await assert.rejects(setting.during(copy.push(bytes)), { code: 'session.claimed' })
    const { version } = setting.store.objects.get(claim)!
    setting.store.objects.set(claim, { bytes: Buffer.from('{}'), version })
    await assert.rejects(setting.during(copy.push(bytes)), { code: 'claim.corrupt', exitCode: 65 })
  })
})
