import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import { armor, Encrypter } from 'age-encryption'
import { namesPlainSession, openPlainSession } from '../../src/config/open-plain-session.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const KEY = randomBytes(32).toString('hex')
const OTHER = randomBytes(32).toString('hex')

async function sealed(bytes: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipientOf(parseKey(KEY)))
  return await encrypter.encrypt(bytes)
}

describe('one plain session file', () => {
  const scratch = temporaryFolder()
  let session: Uint8Array

  before(async () => {
    session = await sessionBytes({ userId: 777 })
  })

  const settingsFor = async (
    name: string,
    bytes: Uint8Array | null,
    env: Record<string, string> = {},
  ): Promise<Settings> => {
    const file = path.join(scratch, name)
    if (bytes) await writeFile(file, bytes)
    return await readSettings({ TGSESSION_STORE: `file:${file}`, ...env }, { store: true })
  }

  it('is read as it is, and says what is given up', async () => {
    const settings = await settingsFor('a.session', session)
    assert.ok(namesPlainSession(settings))
    const { bytes, userId, keyFingerprint, label, warning } = await openPlainSession(settings)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(session))
    assert.equal(userId, '777')
    assert.match(keyFingerprint, /^[0-9a-f]{16}$/)
    assert.equal(label, `file:${scratch}/a.session`)
    assert.match(warning, /nothing is written back.*no lease/)
  })

  it('is decrypted, whether sealed with age, armored, packed, or as a revision of ours', async () => {
    const packed = await promisify(zstdCompress)(session)
    const forms: Record<string, Uint8Array> = {
      'age.session.age': await sealed(session),
      'armored.session.age': new TextEncoder().encode(armor.encode(await sealed(session))),
      'ours.session.age': await sealed(packed),
      'packed.session': packed,
      'misnamed.session': await sealed(session),
    }
    for (const [name, bytes] of Object.entries(forms)) {
      const opened = await openPlainSession(await settingsFor(name, bytes, { TGSESSION_KEY: KEY }))
      assert.deepEqual(Buffer.from(opened.bytes), Buffer.from(session), name)
    }
  })

  it('tells apart: no key, another key, a broken seal, no session, nothing there, another account', async () => {
    const bytes = await sealed(session)
    const torn = bytes.with(bytes.length - 3, bytes.at(-3)! ^ 1)
    const broken = new TextEncoder().encode(armor.encode(bytes).replace(/\n.{4}/, '\n****'))
    const cases = [
      ['b.session.age', bytes, {}, 'key.missing'],
      ['b.session.age', bytes, { TGSESSION_KEY: OTHER }, 'key.wrong'],
      ['c.session.age', torn, { TGSESSION_KEY: KEY }, 'revision.corrupt'],
      ['h.session.age', broken, { TGSESSION_KEY: KEY }, 'revision.corrupt'],
      ['d.session', new TextEncoder().encode('<!doctype html>'), {}, 'session.foreign'],
      ['e.session', null, {}, 'session.none'],
      ['f.session', session, { TGSESSION_USER_ID: '1' }, 'replica.other_account'],
    ] as const
    for (const [name, content, env, code] of cases)
      await assert.rejects(openPlainSession(await settingsFor(name, content, env)), { code }, code)
  })

  it('is no store', async () => {
    const settings = await settingsFor('g.session', session)
    await assert.rejects(openReplica(settings), { code: 'store.plain_object' })
    const store = await readSettings({ TGSESSION_STORE: 'file:./sessions' }, { store: true })
    assert.ok(!namesPlainSession(store))
  })

  it('needs no key where it is not encrypted, also on the web', async () => {
    for (const url of ['https://host/private/a.session', 's3://bucket/a.session'])
      assert.ok(namesPlainSession(await readSettings({ TGSESSION_STORE: url }, { store: true })))
  })
})
