import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bech32 } from '@scure/base'
import { KeySeal } from '../../src/container/rows/key-seal.ts'
import { BadDataError, ConfigurationError } from '../../src/base/errors.ts'
import { AUTH_KEY, containers, KEY, SERVERS } from './databases.ts'

const code = (wanted: string) => (error: unknown) =>
  (error instanceof BadDataError || error instanceof ConfigurationError) && error.code === wanted

describe('an auth key at rest', () => {
  const seal = new KeySeal(KEY, false)

  it('is sealed to its session and purpose, differently each time', () => {
    const sealed = seal.seal(AUTH_KEY, 'alice', 'home')
    assert.equal(Buffer.from(sealed).subarray(0, 4).toString(), 'tgs1')
    assert.ok(!Buffer.from(sealed).includes(Buffer.from(AUTH_KEY.subarray(0, 8))))
    assert.notDeepEqual(seal.seal(AUTH_KEY, 'alice', 'home'), sealed)
    assert.deepEqual(seal.open(sealed, 'alice', 'home'), AUTH_KEY)
    assert.throws(() => seal.open(sealed, 'bob', 'home'), code('container.wrong_key'))
    assert.throws(() => seal.open(sealed, 'alice', '4'), code('container.wrong_key'))
  })

  it('is refused where a single bit of it was changed', () => {
    const sealed = seal.seal(AUTH_KEY, 'alice', 'home')
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed)
      changed[at]! ^= 1
      assert.throws(
        () => seal.open(changed, 'alice', 'home'),
        at < 4 ? code('container.damaged_key') : code('container.wrong_key'),
      )
    }
    assert.throws(() => seal.open(sealed.subarray(1), 'alice', 'home'), code('container.damaged_key'))
  })

  it('opens with the same key in either of its forms, and with no other', () => {
    const sealed = seal.seal(AUTH_KEY, 'alice', 'home')
    const raw = Buffer.from(KEY, 'hex')
    for (const same of [raw, KEY.toUpperCase(), bech32.encodeFromBytes('age-secret-key-', raw).toUpperCase()])
      assert.deepEqual(new KeySeal(same, true).open(sealed, 'alice', 'home'), AUTH_KEY)
    assert.throws(
      () => new KeySeal('cd'.repeat(32), false).open(sealed, 'alice', 'home'),
      code('container.wrong_key'),
    )
    assert.throws(() => new KeySeal(undefined, true).open(sealed, 'alice', 'home'), code('container.no_key'))
  })

  it('opens with a former key too, and is sealed with the first one', () => {
    const [NEW, OTHER] = ['cd'.repeat(32), 'ef'.repeat(32)]
    const rotated = new KeySeal(NEW, false, [OTHER, KEY])
    assert.deepEqual(rotated.open(seal.seal(AUTH_KEY, 'alice', 'home'), 'alice', 'home'), AUTH_KEY)
    const sealed = rotated.seal(AUTH_KEY, 'alice', 'home')
    assert.deepEqual(new KeySeal(NEW, false).open(sealed, 'alice', 'home'), AUTH_KEY)
    assert.throws(() => seal.open(sealed, 'alice', 'home'), code('container.wrong_key'))
  })

  it('is read plain, and written so only on request', () => {
    assert.deepEqual(seal.open(AUTH_KEY, 'alice', 'home'), AUTH_KEY)
    assert.deepEqual(new KeySeal(undefined, true).seal(AUTH_KEY, 'alice', 'home'), AUTH_KEY)
    assert.deepEqual(new KeySeal(KEY, true).seal(AUTH_KEY, 'alice', 'home'), AUTH_KEY)
    for (const none of [null, new Uint8Array()]) assert.equal(seal.open(none, 'alice', 'home'), undefined)
  })

  it('needs a key that is one, and no message repeats it', () => {
    assert.throws(() => new KeySeal(undefined, false), code('container.no_key'))
    for (const bad of ['hush', 'zz'.repeat(32), new Uint8Array(31)])
      assert.throws(
        () => new KeySeal(bad, false),
        (error) => code('container.bad_key')(error) && !String(error).includes('hush'),
      )
  })
})

const hex = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)

for (const { name, skip, make } of SERVERS)
  describe(`a dump of a container on ${name}`, { skip }, () => {
    it('holds no key: neither of the session, nor of another data centre', async () => {
      const database = await make()
      const container = containers()
      const opened = await container(database).open('alice')
      const { core } = opened.session
      core.setDC(2, '149.154.167.51', 443)
      core.setAuthKey(AUTH_KEY)
      core.setAuthKey(AUTH_KEY.toReversed(), 4)
      await opened.close()
      const rows = [
        ...(await database.run('SELECT * FROM sessions')),
        ...(await database.run('SELECT * FROM tgsession_values')),
      ]
      assert.equal(rows.length, 3, 'the session, what else belongs to it, the claim of its key')
      const dump = rows.flatMap((row) => Object.values(row).map(hex)).join(' ')
      for (const key of [AUTH_KEY, AUTH_KEY.toReversed()])
        assert.ok(!dump.includes(Buffer.from(key).toString('hex').slice(0, 32)))
      const again = await container(database).open('alice')
      assert.deepEqual(again.session.core.authKey(4), AUTH_KEY.toReversed())
      await again.close()
      await database.run(`UPDATE sessions SET session_id = 'mallory'`)
      await assert.rejects(container(database).open('mallory'), code('container.wrong_key'))
      await database.drop()
    })
  })
