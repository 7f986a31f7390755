import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Cli, lastJson } from '../support/cli/cli.ts'
import { SCHEMAS } from '../support/cli/json-schemas.ts'
import { rigSession } from '../replica/support/sessions.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PAGE = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'reference', 'json.md'), 'utf8')
const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'

describe('what commands print with --json', () => {
  const scratch = temporaryFolder()
  let cli: Cli
  before(async () => {
    const session = await rigSession()
    cli = new Cli(scratch)
    writeFileSync(path.join(scratch, 'made.session'), session)
  })
  after(async () => {
    cli.killAll()
  })
  const env = { TGSESSION_STORE: 'file:./store', TGSESSION_KEY: KEY }
  const said = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await cli.run([...args, '--json'], env)
    assert.match(stdout, /^\{.*\}\n$/, `${args.join(' ')}: ${stdout}${stderr}`)
    return lastJson<unknown>(stdout)
  }

  it('is what the reference says, from the first key to the deletion', async () => {
    SCHEMAS.keygen.parse(await said('keygen'))
    assert.equal(SCHEMAS.keygen.parse(await said('keygen', '-o', 'key.txt')).key, null)
    SCHEMAS.config.parse(await said('config'))
    assert.equal(SCHEMAS.error.parse(await said('pull', 'x.session')).error.exitCode, 66)
    SCHEMAS.status.parse(await said('status'))
    SCHEMAS.push.parse(await said('push', 'made.session'))
    SCHEMAS.status.parse(await said('status'))
    SCHEMAS.list.parse(await said('list'))
    SCHEMAS.history.parse(await said('history'))
    SCHEMAS.pull.parse(await said('pull', 'pulled.session'))
    SCHEMAS.inspect.parse(await said('inspect', 'pulled.session'))
    SCHEMAS.convert.parse(await said('convert', 'pulled.session', '-o', 'again.session'))
    SCHEMAS.rollback.parse(await said('rollback', '1', '--yes'))
    SCHEMAS.unlock.parse(await said('unlock'))
    SCHEMAS.doctor.parse(await said('doctor'))
    const { code, stdout, stderr } = await cli.run(['run', '--json', '--', 'echo', 'mine'], env)
    assert.deepEqual([code, stdout], [0, 'mine\n'])
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => SCHEMAS.event.parse(JSON.parse(line)).event)
    assert.ok(events.length > 1, stderr)
    assert.equal(SCHEMAS.reseal.parse(await said('reseal')).outcome, 'unchanged')
    const { copied, from } = SCHEMAS.copy.parse(await said('copy', 'file:./store', 'file:./other'))
    assert.ok(copied > 0 && from.endsWith('/store'))
    // What stands before an @ may be a password.
    await said('copy', 'file:./store', 'sqlite:./hush@host')
    const again = await cli.run(['copy', 'sqlite:./hush@host', 'file:./third'], env)
    assert.match(again.stderr, /`tgsession delete --store FROM --name main`/)
    assert.doesNotMatch(again.stderr, /hush/)
    const there = SCHEMAS.status.parse(await said('status', '--store', 'file:./other'))
    assert.equal(
      there.current?.keyFingerprint,
      SCHEMAS.status.parse(await said('status')).current?.keyFingerprint,
    )
    SCHEMAS.delete.parse(await said('delete', '--yes'))
  })

  it('has every field in the reference', () => {
    for (const [name, schema] of Object.entries(SCHEMAS))
      for (const field of fieldsOf(schema)) assert.ok(PAGE.includes(`\`${field}\``), `${name}: ${field}`)
  })
})

/** The names of all fields, of what is nested, too. */
function fieldsOf(schema: unknown): string[] {
  const inner: unknown = Object(Object(schema).def)
  const { shape, innerType, element } = Object(inner)
  const nested = [innerType, element].filter((one) => one !== undefined).flatMap(fieldsOf)
  const own = Object.entries(Object(shape)).flatMap(([name, value]) => [name, ...fieldsOf(value)])
  return [...own, ...nested]
}
