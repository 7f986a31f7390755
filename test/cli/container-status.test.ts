import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Check } from '../../src/cli/doctor/check.ts'
import { BareContainer } from '../../src/container/bare-container.ts'
import { keyFingerprint } from '../../src/session/inspect.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { Cli, lastJson } from '../support/cli/cli.ts'
import { temporaryFolder } from '../support/rig.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const OTHER = 'ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'

const told = ({ state, detail }: Partial<Check> = {}): string => `${state}: ${detail}`

describe('what a container tells of its sessions', () => {
  let scratch: Awaited<ReturnType<typeof temporaryFolder>>
  let cli: Cli
  let env: Record<string, string>
  const open = (key = KEY, plainKeys = false): BareContainer =>
    new BareContainer(env['TGSESSION_CONTAINER'] ?? '', { key, plainKeys, label: 'worker.7' })
  const doctor = async (
    ...flags: string[]
  ): Promise<{ code: number | null; checks: Record<string, Check> }> => {
    const { code, stdout } = await cli.run(['doctor', '--json', ...flags], env)
    const { checks, exitCode } = lastJson<{ checks: Check[]; exitCode: number }>(stdout)
    assert.equal(code, exitCode)
    return { code, checks: Object.fromEntries(checks.map((check) => [check.check, check])) }
  }

  before(async () => {
    scratch = await temporaryFolder()
    cli = new Cli(scratch.folder)
    env = { TGSESSION_CONTAINER: `sqlite:${path.join(scratch.folder, 'many.db')}`, TGSESSION_KEY: KEY }
  })
  after(async () => {
    cli.killAll()
    await scratch.remove()
  })

  it('is in order where there is none yet', async () => {
    const { code, checks } = await doctor()
    assert.equal(code, 0)
    assert.equal(told(checks['sessions']), 'ok: 0 sessions, 0 in use')
    const { stdout } = await cli.run(['status', '--name', 'alice'], env)
    assert.match(stdout, /session {4}none yet: make one with `tgsession login`\nin use {5}by nobody/)
  })

  it('is who holds the lease, since when it is saved, and which keys were quarantined', async () => {
    const container = open()
    await container.copySession(await sessionBytes({ userId: 777 }), 'alice')
    const kept = container.keep('alice')
    const lease = await kept.lease()
    const { revision } = await kept.restore()
    const another = await sessionBytes({ userId: 777, key: Buffer.alloc(256, 9) })
    assert.equal((await kept.save(lease, revision, another)).outcome, 'quarantined')

    const { stdout } = await cli.run(['status', '--name', 'alice', '--json'], env)
    const status = lastJson<{
      holder: { label: string }
      current: { userId: string; savedAt: string }
      quarantined: { keyFingerprint: string }[]
    }>(stdout)
    const quarantined = keyFingerprint(Buffer.alloc(256, 9))
    assert.deepEqual(
      [status.holder.label, status.current.userId, status.quarantined.map((one) => one.keyFingerprint)],
      ['worker.7', '777', [quarantined]],
    )
    const text = (await cli.run(['status', '--name', 'alice'], env)).stdout
    assert.match(text, /in use {5}by worker\.7 since 20\d\d-/)
    assert.match(text, new RegExp(`quarantined {2}key ${quarantined} \\(the key changed outside a login\\)`))
    assert.match(text, /session {4}revision 1, saved 20\S+ by worker\.7, key [0-9a-f]{16}, user 777\n/)

    const { code, checks } = await doctor('--name', 'alice')
    assert.equal(code, 0)
    assert.equal(told(checks['sessions']), 'ok: 1 sessions, 1 in use')
    assert.equal(told(checks['quarantined']), 'warning: keys were quarantined of alice')
    assert.match(told(checks['session']), /^ok: alice: key [0-9a-f]{16}, user 777; in use by worker\.7 since/)
    await lease.release()
    await container.close()
  })

  it('is which keys cannot be read, or by anybody; and the others are listed all the same', async () => {
    const [foreign, plain] = [open(OTHER), open(KEY, true)]
    await foreign.copySession(await sessionBytes({ userId: 778 }), 'bob')
    await plain.copySession(await sessionBytes({ userId: 779 }), 'carol')
    await Promise.all([foreign.close(), plain.close()])
    const { code, checks } = await doctor('--name', 'carol')
    assert.equal(code, 65)
    assert.equal(told(checks['decryption']), 'failed: of 3 keys not to be read: bob')
    assert.equal(told(checks['encryption']), 'warning: not encrypted: carol')
    assert.match(told(checks['session']), /^ok: carol/)

    const { sessions } = lastJson<{
      sessions: { name: string; current?: object; damage?: { code: string } }[]
    }>((await cli.run(['list', '--json'], env)).stdout)
    assert.deepEqual(
      sessions.map(({ name, current, damage }) => [name, current !== undefined, damage?.code]),
      [
        ['alice', true, undefined],
        ['bob', false, 'container.wrong_key'],
        ['carol', true, undefined],
      ],
    )
    assert.match((await cli.run(['list'], env)).stdout, /bob +- +the auth key of bob cannot be decrypted/)
  })

  it('is deleted on purpose only', async () => {
    const refused = await cli.run(['delete', '--name', 'carol'], env)
    assert.equal(refused.code, 64)
    assert.match(refused.stderr, /Delete the session carol from sqlite:/)
    const deleted = await cli.run(['delete', '--name', 'carol', '--yes'], env)
    assert.deepEqual([deleted.code, deleted.stdout.startsWith('Deleted carol.')], [0, true])
    const { stdout } = await cli.run(['delete', '--name', 'carol', '--yes', '--json'], env)
    assert.deepEqual(lastJson(stdout), { outcome: 'deleted', name: 'carol', removed: 0 })
  })
})
