import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { verifySession } from '../../src/session/inspect.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { Cipher } from '../../src/seal/cipher.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'
import { encodeHead, parseHead } from '../../src/replica/head-format.ts'
import { Replica } from '../../src/replica/replica.ts'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { chaos } from '../support/chaos/chaos.ts'
import { Judge } from '../support/chaos/judge.ts'
import { Witness, withPeople } from '../support/chaos/witness.ts'
import { ACCOUNT, makeSession } from '../support/rig.ts'

const IDENTITY = parseKey('11'.repeat(32))

/** Each promise of docs/chaos.md, broken once. */
describe('the judge of chaos', () => {
  let dc: FakeDc
  let session: Uint8Array
  /** Of the same account, with another key. */
  let other: Uint8Array
  let store: MemoryStore
  let replica: Replica
  let witness: Witness
  let judge: Judge

  before(async () => {
    dc = await FakeDc.start({ accounts: [ACCOUNT] })
    session = await makeSession(dc)
    const second = await FakeDc.start({ accounts: [ACCOUNT] })
    other = await makeSession(second)
    await second.close()
  })

  after(async () => await dc.close())

  beforeEach(async () => {
    store = new MemoryStore()
    const cipher = new Cipher({
      encryption: 'age',
      identities: [IDENTITY],
      recipient: recipientOf(IDENTITY),
    })
    replica = new Replica({ store, name: 'main', cipher, verify: verifySession, label: 'judged' })
    await push(session)
    witness = new Witness(replica, [IDENTITY])
    judge = await judgeOf(dc)
  })

  const judgeOf = async (of: Pick<FakeDc, 'stats'>): Promise<Judge> =>
    new Judge({ dc: of, replica, witness, key: (await replica.status()).current?.keyFingerprint })

  // Whoever stores bytes wipes them afterwards.
  const push = async (bytes: Uint8Array): Promise<number> =>
    (await replica.push(Uint8Array.from(bytes))).revision.revision

  const breaches = async (): Promise<string> => (await judge.breaches({ thorough: true })).join('\n')

  /** As an instance does it, and says so. */
  async function save(bytes: Uint8Array): Promise<number> {
    const lease = await replica.lease()
    const { revision } = await replica.restore({ lease })
    const saved = await replica.save(lease, revision, Uint8Array.from(bytes))
    await lease.release()
    witness.acknowledge(saved.revision.revision)
    return saved.revision.revision
  }

  it('finds nothing where nothing is wrong', async () => {
    await save(await withPeople(session, 3))
    await witness.look()
    witness.mustKnow([1_000_000n], 'worker.1')
    assert.equal(await breaches(), '')
  })

  it('sees a second login', async () => {
    judge = await judgeOf({ stats: () => ({ ...dc.stats(), logins: 2 }) })
    assert.equal(await breaches(), '2 logins')
  })

  it('sees a second key of the account', async () => {
    const { keys, ...stats } = dc.stats()
    judge = await judgeOf({ stats: () => ({ ...stats, keys: [...keys, ...keys] }) })
    assert.equal(await breaches(), 'the key changed')
  })

  it('sees that another key was stored', async () => {
    await push(other)
    assert.equal(await breaches(), 'the key changed')
  })

  it('sees what was quarantined', async () => {
    await save(other)
    assert.match(await breaches(), /something was quarantined/)
  })

  it('sees a save that was told of and is not there', async () => {
    witness.acknowledge(7)
    assert.match(await breaches(), /revision 7 was acknowledged and never seen/)
  })

  it('sees that a later save lacks what an earlier one held', async () => {
    await save(await withPeople(session, 3))
    await judge.breaches()
    await save(await withPeople(session, 2))
    assert.match(await breaches(), /revision 3 lacks what 2 held/)
  })

  it('holds nobody to what an upload has replaced', async () => {
    await save(await withPeople(session, 3))
    witness.uploaded(await push(session))
    assert.equal(await breaches(), '')
  })

  it('sees that an upload was overwritten', async () => {
    witness.uploaded(await push(await withPeople(session, 1)))
    await judge.breaches()
    await save(session)
    assert.match(await breaches(), /revision 3 lacks what 2 held/)
  })

  it('sees that somebody stopped without saving what he knew', async () => {
    await save(await withPeople(session, 3))
    await judge.breaches()
    witness.mustKnow([1_000_000n, 5n], 'worker.1')
    assert.match(
      await breaches(),
      /^worker\.1 stopped, and person 5, whom it had answered, is in no revision$/,
    )
  })

  it('sees a revision that is gone, also one that it has looked at', async () => {
    await save(await withPeople(session, 3))
    assert.equal(await breaches(), '')
    const [first] = (await replica.status()).history
    await store.delete(`main/${first?.objectKey}`)
    assert.match(await breaches(), /revision 1: .*missing/)
  })

  it('sees a revision that does not open', async () => {
    const key = `main/${(await replica.status()).current?.objectKey}`
    const found = await store.get(key)
    assert.ok(found)
    await store.put(key, found.bytes.subarray(0, 1000), found.version)
    assert.match(await breaches(), /revision 1: /)
  })

  it('sees a duplicate, unless it is one that is counted apart', async () => {
    judge = await judgeOf({ stats: () => ({ ...dc.stats(), duplicates: 1 }) })
    assert.match(await breaches(), /AUTH_KEY_DUPLICATED 1 times/)
    judge.pardoned = 1
    assert.equal(await breaches(), '')
  })

  it('sees that what another release has written into the head is gone', async () => {
    const found = await store.get('main/head.json')
    assert.ok(found)
    const head = parseHead(found.bytes)
    const version = await store.put('main/head.json', encodeHead({ ...head, ofTheNext: 1 }), found.version)
    assert.equal(await breaches(), '')
    await store.put('main/head.json', encodeHead(head), version)
    assert.equal(await breaches(), 'the head has lost its field ofTheNext')
  })

  it('sees that nobody serves in the end', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'tgsession-nobody-'))
    try {
      await mkdir(path.join(root, 'dist', 'scripts'), { recursive: true })
      await writeFile(path.join(root, 'dist', 'scripts', 'bootstrap.js'), 'process.exit(1)')
      await writeFile(path.join(root, 'package.json'), '{}')
      const { broken } = await chaos({ seed: 1, restarts: 1, bots: ['gramjs'], root, inTheEndMs: 1000 })
      assert.deepEqual(broken, ['in the end nobody served'])
    } finally {
      await rm(root, { recursive: true, force: true })
    }
  })
})
