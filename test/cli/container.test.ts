import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { BareContainer } from '../../src/container/bare-container.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { missing } from '../support/requires.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestDatabase, testDatabase } from '../support/store/sql-servers.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const OTHER_KEY = `ff${KEY.slice(2)}`
const NAMES = ['Alice 0/x', 'Bob 1/x']

interface Listed {
  name: string
  userId?: string
  holder?: { label: string } | null
  damage?: { code: string }
}

describe('tgsession with a container', { skip: missing.postgres() }, () => {
  let database: TestDatabase
  const scratch = temporaryFolder()
  let cli: Cli
  let env: Record<string, string>
  const list = async (more: Record<string, string> = {}): Promise<Listed[]> => {
    const { stdout } = await cli.run(['list', '--json'], { ...env, ...more })
    return lastJson<{ sessions: Listed[] }>(stdout).sessions
  }

  before(async () => {
    database = await testDatabase('postgres')
    cli = new Cli(scratch)
    env = { TGSESSION_CONTAINER: database.url, TGSESSION_KEY: KEY }
  })
  after(async () => {
    cli.killAll()
    await database.drop()
  })

  it('lists whose sessions there are, and who uses them', async () => {
    const container = new BareContainer(database.url, { key: KEY, label: 'worker.7' })
    for (const [index, name] of NAMES.entries())
      await container.copySession(await sessionBytes({ userId: 777 + index }), name)
    const opened = await container.open(NAMES[1] ?? '')
    assert.deepEqual(
      (await list()).map(({ name, userId, holder }) => [name, userId, holder?.label]),
      [
        [NAMES[0], '777', undefined],
        [NAMES[1], '778', 'worker.7'],
      ],
    )
    assert.match((await cli.run(['list'], env)).stdout, /Bob 1\/x +[0-9a-f]{16} +778 +worker\.7\n/)
    await opened.close()
    await container.close()
  })

  it('exports and imports them, and reports each that fails', async () => {
    const folder = path.join(scratch, 'out')
    const exported = await cli.run(['export', folder], env)
    assert.deepEqual([exported.code, exported.stdout], [0, 'Exported 2 of 2 sessions.\n'], exported.stderr)
    assert.deepEqual(readdirSync(folder), ['Alice 0%2Fx.session', 'Bob 1%2Fx.session'])
    assert.equal(statSync(path.join(folder, 'Bob 1%2Fx.session')).mode & 0o777, 0o600)
    assert.equal((await cli.run(['export', folder], env)).code, 64, 'nothing is overwritten')

    writeFileSync(path.join(folder, 'broken.session'), 'SQLite format 3\0')
    const second = { ...env, TGSESSION_TABLE_PREFIX: 'copy_' }
    const imported = await cli.run(['import', '--json', folder], second)
    assert.equal(imported.code, 65)
    const { done, failed } = lastJson<{ done: number; failed: { id: string }[] }>(imported.stdout)
    assert.deepEqual([done, failed.map(({ id }) => id)], [2, ['broken']])

    const known = path.join(folder, 'Bob 1%2Fx.session')
    const twice = await cli.run(['import', '--json', known, '--name', 'carol'], second)
    assert.deepEqual([twice.code, twice.stdout.includes('session.claimed')], [73, true], twice.stdout)
    const file = path.join(scratch, 'carol.session')
    writeFileSync(file, await sessionBytes({ userId: 780 }))
    const text = await cli.run(['convert', file, '--to', 'telethon-string'], env)
    const lines = `# two of them\ncarol ${text.stdout.trim()}\nno-string\n`
    const refused = await cli.run(['import', '--list', '-'], second, lines)
    assert.deepEqual([refused.code, refused.stderr.includes('line 3')], [64, true], refused.stderr)
    const listing = await cli.run(['import', '--list', '-'], second, lines.replace('no-string', ''))
    assert.deepEqual([listing.code, listing.stdout], [0, 'Imported 1 of 1 sessions.\n'], listing.stderr)
    assert.deepEqual(
      (await list(second)).map(({ name }) => name),
      [...NAMES, 'carol'],
    )
    assert.ok(cli.printed.every((printed) => !printed.includes(KEY)))
  })

  it('lists the others beside one that cannot be read', async () => {
    const foreign = new BareContainer(database.url, { key: OTHER_KEY })
    await foreign.copySession(await sessionBytes({ userId: 779 }), 'dave')
    await foreign.close()
    assert.deepEqual(
      (await list()).map(({ name, damage }) => [name, damage?.code]),
      [
        [NAMES[0], undefined],
        [NAMES[1], undefined],
        ['dave', 'container.wrong_key'],
      ],
    )
    assert.match((await cli.run(['list'], env)).stdout, /dave +the auth key of dave cannot be decrypted/)
  })

  it('runs none of them: that is for a store, which the same database can hold', async () => {
    const flag = await cli.run(['run', '--container', database.url, '--', 'true'], env)
    assert.deepEqual([flag.code, /unknown option --container/.test(flag.stderr)], [64, true], flag.stderr)
    const { code, stderr } = await cli.run(['status'], env)
    assert.equal(code, 78)
    assert.match(stderr, /TGSESSION_CONTAINER is for list, import and export only/)
    const both = await cli.run(['list', '--store', 'file:./x', '--container', database.url], env)
    assert.equal(both.code, 64)
    const { TGSESSION_KEY: _, ...keyless } = env
    const none = await cli.run(['export', 'elsewhere'], keyless)
    assert.deepEqual([none.code, /TGSESSION_KEY is missing/.test(none.stderr)], [78, true])
  })
})
