import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guardKey } from '../../src/seal/key.ts'
import type { LoginAttempt, Replica } from '../../src/replica/replica.ts'
import { toVersion } from '../../src/store/shared/version.ts'
import { forbidden } from '../support/store/scripted-store.ts'
import { begun, HEAD, identity, Setting } from './support/setting.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PHONE = '+15550001234'
const keyed = { guardKeys: [guardKey(identity)] }
const LOG = /^_logins\/[0-9a-f]{32}\.json$/

const sendFrom = async (
  setting: Setting,
  replica: Replica,
  { phone = PHONE, ...how }: { phone?: string; replace?: boolean; ignoreLimit?: boolean } = {},
): Promise<LoginAttempt> => {
  const attempt = replica.attempt(how)
  await setting.during(attempt.begin())
  await setting.during(attempt.sending(phone))
  return attempt
}

describe('the guard of logins', () => {
  it('counts the codes of one phone number over all names, three in 24 hours', async () => {
    const setting = new Setting()
    const named = (name: string): Replica => setting.replica('worker.1', { ...keyed, name })
    const first = setting.time.now
    for (const name of ['a', 'b', 'c']) await sendFrom(setting, named(name), { phone: '15550001234' })
    await assert.rejects(sendFrom(setting, named('d')), { code: 'login.too_many', message: /FLOOD_WAIT/ })
    // Another number, and another store's key, are others.
    await sendFrom(setting, named('d'), { phone: '+15550009999' })
    await sendFrom(setting, named('d'), { ignoreLimit: true })
    await setting.time.run(first + DAY_MS - 60_000)
    await assert.rejects(sendFrom(setting, named('e')), { code: 'login.too_many' })
    await setting.time.run(first + DAY_MS * 2)
    await sendFrom(setting, named('e'))
  })

  it('keeps FLOOD_WAIT for every name of that number, and no flag goes round it', async () => {
    const setting = new Setting()
    const replica = setting.replica('worker.1', keyed)
    const until = new Date(replica.clock.wall() + DAY_MS)
    const attempt = await sendFrom(setting, replica)
    await setting.during(attempt.blocked(until))
    await setting.during(attempt.blocked(new Date(replica.clock.wall() + 1000)))
    for (const how of [{}, { replace: true, ignoreLimit: true }])
      await assert.rejects(sendFrom(setting, setting.replica('ci', { ...keyed, name: 'other' }), how), {
        code: 'login.blocked',
        message: new RegExp(`${until.toISOString()}.*FLOOD_WAIT`),
      })
    await sendFrom(setting, setting.replica('ci', { ...keyed, name: 'other' }), { phone: '+15550009999' })
  })

  it('stores no number: without the key nobody finds whose it is; with the key before, it counts on', async () => {
    const setting = new Setting()
    for (let sends = 0; sends < 3; sends++) await sendFrom(setting, setting.replica('worker.1', keyed))
    const [log] = [...setting.store.objects].filter(([key]) => LOG.test(key))
    assert.ok(log)
    for (const [key, { bytes }] of setting.store.objects)
      assert.ok(!`${key} ${Buffer.from(bytes).toString()}`.includes('5550001234'), key)
    const rotated = { guardKeys: [new Uint8Array(32).fill(7), ...keyed.guardKeys], name: 'other' }
    await assert.rejects(sendFrom(setting, setting.replica('worker.1', rotated)), {
      code: 'login.too_many',
    })
  })

  it('counts by name where there is no key, or where these credentials do not reach the numbers', async () => {
    for (const options of [{}, keyed]) {
      const setting = new Setting()
      setting.store.fault({ key: '_logins/', times: 99, answer: forbidden(), lands: false })
      for (let sends = 0; sends < 3; sends++) await sendFrom(setting, setting.replica('worker.1', options))
      await assert.rejects(sendFrom(setting, setting.replica('worker.1', options)), {
        code: 'login.too_many',
      })
      await sendFrom(setting, setting.replica('worker.1', { ...options, name: 'other' }))
      await sendFrom(setting, setting.replica('worker.1', options), { ignoreLimit: true })
    }
  })

  it('loses no count to another who logs in at the same moment', async () => {
    const setting = new Setting()
    const two = [setting.replica('one', keyed), setting.replica('two', { ...keyed, name: 'other' })]
    await setting.during(Promise.all(two.map((replica) => begun(replica))))
    await setting.during(
      Promise.all(
        two.map(async (replica) => {
          const attempt = replica.attempt()
          await attempt.begin()
          await attempt.sending(PHONE)
        }),
      ),
    )
    const [, found] = [...setting.store.objects].find(([key]) => LOG.test(key)) ?? []
    assert.ok(found)
    const log: { sends: string[] } = JSON.parse(Buffer.from(found.bytes).toString())
    assert.equal(log.sends.length, 2)
  })

  it('asks nothing where it cannot read what was asked before', async () => {
    const setting = new Setting()
    await sendFrom(setting, setting.replica('worker.1', keyed))
    const [key] = [...setting.store.objects].find(([one]) => LOG.test(one)) ?? []
    assert.ok(key !== undefined && key !== HEAD)
    setting.store.objects.set(key, { bytes: Buffer.from('{"sends":[]}'), version: toVersion('other') })
    await assert.rejects(sendFrom(setting, setting.replica('worker.1', keyed)), {
      code: 'login.guard_corrupt',
    })
  })
})
