import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import { randomKey, sessionBytes } from '../replica/support/sessions.ts'
import { Cli, type CliResult, lastJson } from '../support/cli/cli.ts'
import { missing } from '../support/requires.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const error = ({ stdout }: CliResult): Record<string, unknown> =>
  lastJson<{ error: Record<string, unknown> }>(stdout).error

describe('tgsession, when something went wrong', () => {
  const scratch = temporaryFolder()
  let cli: Cli

  before(async () => {
    cli = new Cli(scratch)
  })
  after(async () => {
    cli.killAll()
  })

  const envOf = (store: string): Record<string, string> => ({
    TGSESSION_STORE: `file:${scratch}/${store}`,
    TGSESSION_KEY: KEY,
    TGSESSION_LEASE_TTL: '4s',
  })
  const replicaOf = async (store: string, DYNO = 'worker.7'): ReturnType<typeof openReplica> =>
    openReplica(await readSettings({ ...envOf(store), DYNO }, { store: true }))

  const said = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await cli.run(args, envOf('patches'))
    assert.equal(code, 0)
    return stdout
  }

  /** Revisions 1 and 2 of one key, 3 of another, which is current; 4, of another account, quarantined. */
  async function filled(store: string): Promise<Uint8Array[]> {
    const replica = await replicaOf(store, 'ci')
    const key = randomKey()
    const files = [
      await sessionBytes({ key, userId: 777 }),
      await sessionBytes({ key, userId: 777, peers: 2 }),
      await sessionBytes({ userId: 777 }),
      await sessionBytes({ userId: 888 }),
    ]
    for (const bytes of files) await replica.push(bytes)
    return files
  }

  it('lists every revision, and pulls each', async () => {
    const files = await filled('history')
    const { code, stdout } = await cli.run(['history', '--json'], envOf('history'))
    assert.equal(code, 0)
    const { revisions } = lastJson<{ revisions: Record<string, unknown>[] }>(stdout)
    assert.deepEqual(
      revisions.map(({ revision, state, lastLogin }) => [revision, state, lastLogin]),
      [
        [4, 'quarantined', false],
        [3, 'current', true],
        [2, 'former', false],
        [1, 'former', false],
      ],
    )
    const table = (await cli.run(['history'], envOf('history'))).stdout
    assert.match(table, /^3 .*current, last login$/m)
    assert.match(table, /^4 .*quarantined: it is of user 888/m)
    for (const [index, bytes] of files.entries()) {
      const args = ['pull', 'any.session', '--overwrite', '--revision', String(index + 1)]
      assert.equal((await cli.run(args, envOf('history'))).code, 0)
      assert.deepEqual(readFileSync(path.join(scratch, 'any.session')), Buffer.from(bytes))
    }
    const none = await cli.run(['pull', 'other.session', '--revision', '9', '--json'], envOf('history'))
    assert.deepEqual([none.code, error(none)['code']], [66, 'revision.none'])
    assert.ok(!existsSync(path.join(scratch, 'other.session')))
    assert.equal((await cli.run(['pull', '--revision', 'x'], envOf('history'))).code, 64)
  })

  it('says what is a patch and of what, and pulls and rolls back to one', async () => {
    const key = randomKey()
    const files = [await sessionBytes({ key, peers: 1 }), await sessionBytes({ key, peers: 2 })]
    const replica = await replicaOf('patches')
    await replica.push(files[0]!)
    const lease = await replica.lease()
    const { revision: base } = await replica.restore({ lease })
    await replica.save(lease, base, files[1]!)
    await lease.release()
    const { revisions } = lastJson<{ revisions: Record<string, unknown>[] }>(await said('history', '--json'))
    assert.deepEqual(
      revisions.map(({ revision, patchOf }) => [revision, patchOf]),
      [
        [2, 1],
        [1, null],
      ],
    )
    assert.match(await said('history'), /^2 .*current, patch of 1$/m)
    assert.match(await said('status'), /revision 2, .*, a patch of 1,/)
    assert.match(await said('list'), /^main +2 \(a patch of 1\) /m)
    assert.match(await said('doctor'), /^ok +head +revision 2 \(a patch of 1\), 1 former/m)
    await writeFile(path.join(scratch, 'first.session'), files[0]!)
    await said('push', 'first.session')
    await said('pull', 'patched.session', '--revision', '2')
    assert.deepEqual(readFileSync(path.join(scratch, 'patched.session')), Buffer.from(files[1]!))
    await said('rollback', '2', '--yes')
    await said('pull', 'back.session')
    assert.deepEqual(readFileSync(path.join(scratch, 'back.session')), Buffer.from(files[1]!))
  })

  it('rolls back with --yes, never across keys without the flag, and says so in status', async () => {
    await filled('rollback')
    const env = envOf('rollback')
    const asked = await cli.run(['rollback', '2', '--json'], env)
    assert.deepEqual([asked.code, error(asked)['code']], [64, 'usage.needs_yes'])
    const other = await cli.run(['rollback', '2', '--yes', '--json'], env)
    assert.deepEqual([other.code, error(other)['code']], [64, 'rollback.other_key'])
    assert.match(String(error(other)['hint']), /--yes-other-key/)
    assert.equal((await (await replicaOf('rollback')).status()).current?.revision, 3)

    const crossed = await cli.run(['rollback', '2', '--yes', '--yes-other-key', '--json'], env)
    assert.equal(crossed.code, 0, crossed.stderr)
    assert.equal(lastJson(crossed.stdout)['revision'], 5)
    const same = await cli.run(['rollback', '1', '--yes'], env)
    assert.match(same.stdout, /^Revision 1 is current again, as revision 6 \(key [0-9a-f]{16}\)/)
    assert.match((await cli.run(['status'], env)).stdout, /^notice +rolled back from revision 5 to 1/m)
    assert.match((await cli.run(['rollback', '6', '--yes'], env)).stdout, /^Nothing to do/)
    assert.equal((await cli.run(['rollback', '99', '--yes'], env)).code, 66)
  })

  it('asks at a terminal', { skip: missing.command('script') }, async () => {
    await filled('ask')
    const env = envOf('ask')
    for (const [keys, current] of [
      ['n', 3],
      ['y', 5],
    ] as const) {
      const screen = cli.terminal(['rollback', '2', '--yes-other-key'], env)
      await screen.answer('Put revision 2 in the place of revision 3?', keys)
      const { code, text } = await screen.end()
      assert.equal(code, 0, text)
      assert.match(text, current === 3 ? /Nothing was changed/ : /Revision 2 is current again, as revision 5/)
      assert.equal((await (await replicaOf('ask')).status()).current?.revision, current)
    }
    const screen = cli.terminal(['delete'], env)
    await screen.answer('Delete the session main of user 777 and all its 5 revisions, for good?', '\u0003')
    const { code, text } = await screen.end()
    assert.equal(code, 130, text)
    assert.ok((await (await replicaOf('ask')).status()).current)
  })

  it('promotes what was quarantined', async () => {
    const files = await filled('promote')
    const env = envOf('promote')
    assert.match((await cli.run(['status'], env)).stdout, /^quarantined +4 \(it is of user 888/m)
    const { code, stdout, stderr } = await cli.run(['promote', '4', '--json'], env)
    assert.equal(code, 0, stderr)
    const { outcome, from, revision } = lastJson(stdout)
    assert.deepEqual([outcome, from, revision], ['saved', 4, 5])
    assert.deepEqual((await (await replicaOf('promote')).restore()).bytes, Buffer.from(files[3]!))
    assert.equal((await cli.run(['promote', '1'], env)).code, 64)
  })

  it('unlocks a dead holder after its TTL, a living one only by force', async () => {
    await filled('unlock')
    const env = envOf('unlock')
    assert.match((await cli.run(['unlock'], env)).stdout, /^Nothing to do/)
    const replica = await replicaOf('unlock')
    const alive = await replica.lease()
    const refused = await cli.run(['unlock', '--json'], env)
    assert.deepEqual([refused.code, error(refused)['code']], [75, 'lease.held'])
    assert.ok(alive.owns(await replica.status()))
    await alive.abandon()
    const freed = await cli.run(['unlock'], env)
    assert.equal(freed.code, 0, freed.stderr)
    assert.match(freed.stderr, /^Watching worker\.7 for 4 s/)
    assert.match(freed.stdout, /^The lease of worker\.7 .* was ended/)
    assert.equal((await replica.status()).holder, null)

    const again = await replica.lease()
    const forced = await cli.run(['unlock', '--force', '--json'], env)
    assert.equal(lastJson(forced.stdout)['outcome'], 'unlocked')
    assert.match(forced.stderr, /makes Telegram kill the key/)
    await again.release()
  })

  it('deletes with --yes, not while somebody uses it, and leaves a head', async () => {
    await filled('delete')
    const env = envOf('delete')
    const asked = await cli.run(['delete', '--json'], env)
    assert.deepEqual([asked.code, error(asked)['code']], [64, 'usage.needs_yes'])
    assert.match(String(error(asked)['hint']), /of user 777 and all its 4 revisions/)
    const replica = await replicaOf('delete')
    const lease = await replica.lease()
    assert.equal((await cli.run(['delete', '--yes'], env)).code, 75)
    await lease.release()
    const { generation } = await replica.status()

    const done = await cli.run(['delete', '--yes', '--json'], env)
    assert.equal(done.code, 0, done.stderr)
    assert.deepEqual(lastJson(done.stdout), { outcome: 'deleted', name: 'main', removed: 4 })
    const folder = path.join(scratch, 'delete', 'main')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    assert.ok(!files.some((name) => name.includes('.session')), files.join())
    assert.ok((await replica.status()).generation > generation)
    assert.match((await cli.run(['status'], env)).stdout, /^session +none: deleted 20\S+ by/m)
    assert.equal((await cli.run(['pull'], env)).code, 66)
    assert.equal((await cli.run(['delete', '--yes', '--name', 'never'], env)).code, 66)
  })

  it('deletes what has a head that nobody can read, and says what that means', async () => {
    await filled('unread')
    const env = envOf('unread')
    // As somebody who edits the copy for people: it shares its bytes with the object.
    await writeFile(path.join(scratch, 'unread', 'main', 'head.json'), '{"format": 2')
    assert.equal((await cli.run(['status'], env)).code, 65)
    const asked = await cli.run(['delete', '--json'], env)
    assert.deepEqual([asked.code, error(asked)['code']], [64, 'usage.needs_yes'])
    assert.match(
      String(error(asked)['hint']),
      /head\.json is damaged.*Stop whatever uses.*docs\/recovery\.md/,
    )
    const done = await cli.run(['delete', '--yes', '--json'], env)
    assert.deepEqual(lastJson(done.stdout), { outcome: 'deleted', name: 'main', removed: 4 }, done.stderr)
    await writeFile(path.join(scratch, 'again.session'), await sessionBytes({ userId: 777 }))
    assert.equal((await cli.run(['push', 'again.session'], env)).code, 0)
  })

  it('lists the sessions of a store', async () => {
    await filled('list')
    const env = envOf('list')
    await writeFile(path.join(scratch, 'b.session'), await sessionBytes({ userId: 5 }))
    await cli.run(['push', 'b.session', '--name', 'second'], env)
    await writeFile(path.join(scratch, 'c.session'), await sessionBytes({ userId: 6 }))
    await cli.run(['push', 'c.session', '--name', 'gone'], env)
    await cli.run(['delete', '--yes', '--name', 'gone'], env)
    const { code, stdout } = await cli.run(['list', '--json'], env)
    assert.equal(code, 0)
    type Row = { name: string; current: { userId: string } | null; deleted: object | null }
    const { sessions } = lastJson<{ sessions: Row[] }>(stdout)
    assert.deepEqual(
      sessions.map(({ name, current, deleted }) => [name, current?.userId, deleted !== null]),
      [
        ['gone', undefined, true],
        ['main', '777', false],
        ['second', '5', false],
      ],
    )
    assert.match((await cli.run(['list'], env)).stdout, /^second +1 .* 5 +nobody$/m)
    assert.match((await cli.run(['list'], envOf('nothing'))).stdout, /^There is no session in file:/)
  })

  it('says in a pull of a damaged revision which may be sound', async () => {
    await filled('damaged')
    const folder = path.join(scratch, 'damaged')
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    const name = names.find((one) => one.includes('00000003-'))
    assert.ok(name)
    const object = path.join(folder, name)
    truncateSync(object, readFileSync(object).length - 1)
    const { code, stderr } = await cli.run(['pull', 'damaged.session'], envOf('damaged'))
    assert.equal(code, 65, stderr)
    assert.match(stderr, /revision 3 is damaged[^]*tgsession history/)
  })

  it('pulls one plain file, and says what that gives up', async () => {
    const bytes = await sessionBytes({ userId: 777 })
    await writeFile(path.join(scratch, 'plain.session'), bytes)
    const env = { TGSESSION_STORE: `file:${scratch}/plain.session` }
    const { code, stdout, stderr } = await cli.run(['pull', 'copy.session', '--json'], env)
    assert.equal(code, 0, stderr)
    assert.equal(lastJson(stdout)['revision'], null)
    assert.match(stderr, /no lease/)
    assert.deepEqual(readFileSync(path.join(scratch, 'copy.session')), Buffer.from(bytes))
    assert.equal((await cli.run(['pull', '--revision', '2'], env)).code, 64)
    for (const command of ['status', 'history', 'unlock']) {
      const refused = await cli.run([command, '--json'], env)
      assert.deepEqual([refused.code, error(refused)['code']], [78, 'store.plain_object'])
    }
  })
})
