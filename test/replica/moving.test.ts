import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { references, type Revision } from '../../src/replica/head.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { Cipher } from '../../src/seal/cipher.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'
import { randomKey, sessionBytes } from './support/sessions.ts'
import { identity, Setting } from './support/setting.ts'

const fresh = parseKey(randomBytes(32).toString('hex'))
const recipient = recipientOf(fresh)
/** After a change of the key: the new one, and the one before. */
const changed = (): Cipher => new Cipher({ encryption: 'age', identities: [fresh, identity], recipient })
const onlyNew = (): Cipher => new Cipher({ encryption: 'age', identities: [fresh], recipient })

/** A pushed session, two saves of its holder (patches), and one that was quarantined. */
async function lived(): Promise<{ setting: Setting; replica: Replica; files: Uint8Array[] }> {
  const setting = new Setting()
  const replica = setting.replica('worker.1')
  const key = randomKey()
  const files: Uint8Array[] = []
  for (const peers of [200, 201, 202]) files.push(await sessionBytes({ key, userId: 777, peers }))
  await setting.during(replica.push(files[0]!))
  await setting.during(
    (async () => {
      const lease = await replica.lease()
      let { revision } = await replica.restore({ lease })
      for (const bytes of files.slice(1)) {
        const saved = await replica.save(lease, revision, bytes)
        revision = { ...saved.revision, dead: null }
      }
      await replica.save(lease, revision, await sessionBytes({ userId: 777 }))
      await lease.release()
    })(),
  )
  assert.equal(setting.head.quarantined.length, 1)
  assert.ok(
    references(setting.head).some(({ base }) => base !== null),
    'some are patches',
  )
  return { setting, replica, files }
}

const killed = (): Promise<never> => Promise.reject(new Error('killed'))

const told = ({ revision, savedAt, savedBy }: Revision): unknown => ({ revision, savedAt, savedBy })

async function opened(replica: Replica, setting: Setting): Promise<Record<number, string>> {
  const found: Record<number, string> = {}
  for (const { revision } of references(setting.head)) {
    const { bytes } = await setting.during(replica.recovery.open(revision))
    found[revision] = Buffer.from(bytes).toString('base64')
  }
  return found
}

describe('a damaged current after a change of the key', () => {
  it('asks for the key before, where that may open a sound one', async () => {
    const { setting, files } = await lived()
    const holder = setting.replica('a', { cipher: changed() })
    await setting.during(holder.push(files[0]!))
    setting.store.objects.delete(`main/${setting.head.current?.objectKey}`)
    const restore = async (cipher: Cipher): Promise<Uint8Array> => {
      const replica = setting.replica('b', { cipher })
      const lease = await replica.lease()
      try {
        return (await replica.restore({ lease })).bytes
      } finally {
        await lease.release()
      }
    }
    await assert.rejects(setting.during(restore(onlyNew())), {
      name: 'ConfigurationError',
      code: 'key.wrong',
      message: /^revision \d+ is damaged; others may be sound, but TGSESSION_KEY does not open/,
      hint: /TGSESSION_KEY_PREVIOUS/,
    })
    assert.deepEqual(Buffer.from(await setting.during(restore(changed()))), Buffer.from(files[2]!))
  })
})

describe('reseal', () => {
  it('leaves nothing that needs the key before, and nothing of what was', async () => {
    const { setting, replica } = await lived()
    const before = await opened(replica, setting)
    const { generation, current } = setting.head
    const { resealed, left } = await setting.during(
      setting.replica('a', { cipher: changed() }).recovery.reseal(),
    )
    assert.deepEqual([resealed, left], [4, []])
    const { head } = setting
    assert.deepEqual(await opened(setting.replica('b', { cipher: onlyNew() }), setting), before)
    assert.ok(references(head).every(({ sealedFor, base }) => sealedFor === recipient && base === null))
    assert.deepEqual([head.current?.revision, head.current?.savedAt], [current?.revision, current?.savedAt])
    assert.deepEqual([head.holder, head.generation, head.requires], [null, generation + 1, []])
    setting.assertTidy()
    const again = await setting.during(setting.replica('a', { cipher: changed() }).recovery.reseal())
    assert.equal(again.resealed, 0)
  })

  it('run again after it was ended halfway, leaves nothing to whoever has the key before', async () => {
    const { setting, replica } = await lived()
    const before = await opened(replica, setting)
    const reseal = (): ReturnType<Replica['recovery']['reseal']> =>
      setting.replica('a', { cipher: changed() }).recovery.reseal()
    setting.store.fault({ method: 'delete', key: 'revisions/', first: killed })
    await assert.rejects(setting.during(reseal()), /killed/)
    assert.ok(references(setting.head).every(({ sealedFor }) => sealedFor === recipient))
    const { resealed } = await setting.during(reseal())
    assert.equal(resealed, 0)
    setting.assertTidy()
    assert.deepEqual(await opened(setting.replica('b', { cipher: onlyNew() }), setting), before)
  })

  it('changes nothing under a holder that lives, nor without the key before', async () => {
    const { setting, replica } = await lived()
    const lease = await setting.during(replica.lease())
    const { revision } = setting.head.current!
    await assert.rejects(setting.during(setting.replica('a', { cipher: changed() }).recovery.reseal()), {
      code: 'lease.held',
    })
    await setting.during(lease.release())
    await assert.rejects(setting.during(setting.replica('a', { cipher: onlyNew() }).recovery.reseal()), {
      code: 'key.wrong',
    })
    assert.deepEqual([setting.head.current?.revision, setting.head.holder], [revision, null])
    setting.assertTidy()
  })

  it('says what is damaged, and goes on', async () => {
    const { setting } = await lived()
    const [former] = setting.head.quarantined
    setting.store.objects.delete(`main/${former!.objectKey}`)
    const { resealed, left } = await setting.during(
      setting.replica('a', { cipher: changed() }).recovery.reseal(),
    )
    assert.deepEqual([resealed, left], [3, [former!.revision]])
  })
})

describe('copy', () => {
  it('takes the whole history along, sealed for the key of the other store', async () => {
    const { setting, replica } = await lived()
    const before = await opened(replica, setting)
    const other = new Setting()
    const target = other.replica('b', { cipher: onlyNew() })
    const { copied, left } = await setting.during(other.during(replica.recovery.copyTo(target.recovery)))
    assert.deepEqual([copied, left], [4, []])
    assert.deepEqual(await opened(target, other), before)
    assert.deepEqual(references(other.head).map(told), references(setting.head).map(told))
    assert.match(setting.head.notice ?? '', /^copied to .*: never use both, /)
    assert.match(other.head.notice ?? '', /^copied from /)
    other.assertTidy()
    const bytes = await sessionBytes({ userId: 777 })
    assert.equal((await other.during(target.push(bytes))).revision.revision, 5, 'numbers go on')
  })

  it('overwrites nothing, and needs a session', async () => {
    const { setting, replica } = await lived()
    const other = new Setting()
    const target = other.replica('b')
    await other.during(target.push(await sessionBytes({ userId: 777 })))
    await assert.rejects(setting.during(other.during(replica.recovery.copyTo(target.recovery))), {
      code: 'copy.not_empty',
    })
    await assert.rejects(setting.during(new Setting().replica('x').recovery.copyTo(replica.recovery)), {
      code: 'session.none',
    })
    assert.equal(setting.head.holder, null)
  })
})
