import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FEATURES } from '../../src/replica/head-format.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { Setting } from './support/setting.ts'

/** An older release, and one that knows a feature more: side by side, as at every deploy and rollback of the host. */
const FEATURE = 'teleport'

async function sideBySide() {
  const setting = new Setting()
  const key = randomKey()
  const old = setting.replica('old')
  const newer = setting.replica('new', { features: [...FEATURES, FEATURE] })
  const { revision } = await setting.during(old.push(await sessionBytes({ key, userId: 777 })))
  return { setting, key, old, newer, revision }
}

const adopt = (setting: Setting): void =>
  setting.edit((head) => ({ ...head, requires: [...head.requires, FEATURE] }))

describe('two releases side by side', () => {
  it('hand over to each other as long as the newer one has not used what is new', async () => {
    const { setting, key, old, newer, revision } = await sideBySide()
    let base = revision
    for (const [index, replica] of [old, newer, old, newer].entries()) {
      const lease = await setting.during(replica.lease())
      const bytes = await sessionBytes({ key, peers: index + 1 })
      base = (await setting.during(replica.save(lease, base, bytes))).revision
      await setting.during(lease.release())
    }
    assert.deepEqual([setting.head.generation, setting.head.current?.revision], [4, 5])
    setting.assertTidy()
  })

  it('change nothing in the older one once it has', async () => {
    const { setting, key, old, newer, revision } = await sideBySide()
    const held = await setting.during(old.lease())
    adopt(setting)
    const before = setting.store.keys().map((name) => [name, setting.store.objects.get(name)])
    const more = await sessionBytes({ key, peers: 1 })
    const moves: Record<string, (replica: Replica) => Promise<unknown>> = {
      lease: (replica) => replica.lease(),
      restore: (replica) => replica.restore({ lease: held }),
      save: (replica) => replica.save(held, revision, more),
      push: (replica) => replica.push(more),
      login: (replica) => replica.attempt({ replace: true }).begin(),
      markDead: (replica) => replica.markDead(held, revision, 'revoked'),
      rollback: ({ recovery }) => recovery.rollback(1),
      promote: ({ recovery }) => recovery.promote(1),
      unlock: ({ recovery }) => recovery.unlock({ force: true }),
      delete: ({ recovery }) => recovery.delete(),
      release: () => held.release(),
    }
    for (const [name, move] of Object.entries(moves))
      await assert.rejects(setting.during(move(old)), { code: 'head.newer', exitCode: 65 }, name)
    // The upload of the save, which did not ask for the head first, is named by nobody.
    const [upload = '', ...others] = setting.store.keys('main/revisions/00000002-')
    assert.deepEqual(others, [])
    assert.ok(setting.store.objects.delete(upload))
    const after = setting.store.keys().map((name) => [name, setting.store.objects.get(name)])
    assert.deepEqual(after, before)
    // The newer one need not know that: it waits for the lease of the older, which ends by itself.
    const lease = await setting.during(newer.lease())
    const saved = await setting.during(newer.save(lease, revision, more))
    assert.equal(saved.outcome, 'saved')
    assert.deepEqual((await setting.during(newer.status())).requires, [FEATURE])
    await setting.during(lease.release())
  })

  it('end the lease of the older one in time when a push of the newer one comes', async () => {
    const { setting, old } = await sideBySide()
    const lease = await setting.during(old.lease())
    const taken = setting.time.now
    adopt(setting)
    await setting.time.run(taken + 60_000)
    assert.equal(lease.signal.aborted, true)
    assert.equal(lease.signal.reason.code, 'lease.expiring')
    assert.equal(lease.signal.reason.cause.code, 'head.newer')
    assert.equal(lease.remainingMs, 0)
  })
})
