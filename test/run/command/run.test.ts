import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { before, beforeEach, describe, it } from 'node:test'
import { ConfigurationError, UsageError } from '../../../src/base/errors.ts'
import { entityNames, openTestReplica, Running } from '../../support/rig.ts'
import { ScriptedStore } from '../../support/store/scripted-store.ts'
import { rigSession } from '../../replica/support/sessions.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../programs', name)
const NODE = process.execPath

const placedFolders = (): string[] => readdirSync(tmpdir()).filter((name) => /^tgsession-\w{6}$/.test(name))

/** What programs/tell.ts writes. */
interface Told {
  argv: string[]
  env: Record<string, string>
  mode: string
  head: string
}

describe('run', () => {
  let session: Uint8Array
  const scratch = temporaryFolder()
  let store: ScriptedStore
  let foldersBefore: string[]

  before(async () => {
    session = await rigSession()
    // Of its own: other tests place sessions at the same time.
    process.env['TMPDIR'] = scratch
  })
  beforeEach(async () => {
    store = new ScriptedStore()
    await openTestReplica(store, 'ci').push(session)
    foldersBefore = placedFolders()
  })

  const tell = async (
    env: Record<string, string>,
    argv: string[] = [],
    options: object = {},
  ): Promise<{ running: Running; exitCode: number; told: Told }> => {
    const out = path.join(scratch, 'told.json')
    const running = new Running(openTestReplica(store), [NODE, program('tell.ts'), ...argv], {
      env: { ...process.env, ...env, TELL: out },
      ...options,
    })
    const exitCode = await running.ended
    return { running, exitCode, told: JSON.parse(readFileSync(out, 'utf8')) }
  }

  it('takes the lease, restores, places with mode 0600, starts, and releases at the end', async () => {
    const { running, exitCode, told } = await tell({})
    assert.equal(exitCode, 0)
    assert.deepEqual(running.names, [
      'lease.taken',
      'session.restored',
      'command.started',
      'command.ended',
      'lease.released',
    ])
    assert.equal(told.mode, '600')
    assert.equal(told.head, 'SQLite format 3')
    const { holder, current } = await openTestReplica(store).status()
    assert.equal(holder, null)
    assert.equal(current?.revision, 1, 'nothing changed, so nothing was saved')
  })

  it('leaves no file behind after a good end', async () => {
    const { told } = await tell({})
    assert.equal(existsSync(told.env['TGSESSION_FILE']!), false)
    assert.deepEqual(placedFolders(), foldersBefore)
  })

  it('gives the session and not our secrets to the command', async () => {
    const secrets = {
      TGSESSION_KEY: 'k',
      TGSESSION_KEY_PREVIOUS: 'k',
      TGSESSION_STORE: 's3://bucket',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'a',
      AWS_SESSION_TOKEN: 'a',
      BUCKETEER_AWS_SECRET_ACCESS_KEY: 'b',
      BUCKETEER_AWS_ACCESS_KEY_ID: 'b',
      CLOUDCUBE_SECRET_ACCESS_KEY: 'c',
      CLOUDCUBE_URL: 'c',
      MYCUBE_ACCESS_KEY_ID: 'c',
      MYCUBE_SECRET_ACCESS_KEY: 'c',
      TGSESSION_HTTPS_AUTHORIZATION: 'Bearer h',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a',
      AWS_WEB_IDENTITY_TOKEN_FILE: 'a',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'a',
      AWS_SHARED_CREDENTIALS_FILE: 'a',
      PGPASSWORD: 'p',
      PGPASSFILE: 'p',
      FIREBASE_SERVICE_ACCOUNT: 'f',
      FIREBASE_PRIVATE_KEY: 'f',
      GOOGLE_APPLICATION_CREDENTIALS: 'g',
    }
    const hidden = await tell({ ...secrets, BOT_SETTING: 'kept' })
    const seen = Object.keys(secrets).filter((name) => name in hidden.told.env)
    assert.deepEqual(seen, [])
    assert.equal(hidden.told.env['BOT_SETTING'], 'kept')
    assert.match(hidden.told.env['TGSESSION_FILE']!, /main\.session$/)

    const passed = await tell(secrets, [], { passEnv: true })
    for (const [name, value] of Object.entries(secrets)) assert.equal(passed.told.env[name], value)
  })

  it('passes arguments as they are, without a shell', async () => {
    const argv = ['$HOME', 'a b', '--json', '*', '"quoted"', '; touch /tmp/never', '']
    const { told } = await tell({}, argv)
    assert.deepEqual(told.argv, argv)
  })

  it("ends with the command's exit code, and with 128 + n for its signal", async () => {
    assert.equal((await tell({ EXIT: '42' })).exitCode, 42)
    assert.equal((await tell({ EXIT: 'SIGKILL' })).exitCode, 137)
    assert.equal((await tell({ EXIT: 'SIGTERM' })).exitCode, 143)
  })

  it('places the session where it was told, and leaves it there', async () => {
    const file = path.join(scratch, 'named.session')
    const { told } = await tell({}, [], { file })
    assert.equal(told.env['TGSESSION_FILE'], file)
    assert.deepEqual(new Uint8Array(readFileSync(file)), session)
  })

  it('says where there is no room to place it, before it takes the lease', async () => {
    const usual = process.env['TMPDIR']
    process.env['TMPDIR'] = path.join(scratch, 'nowhere')
    try {
      await assert.rejects(new Running(openTestReplica(store), ['true']).ended, (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.equal(error.code, 'run.no_folder')
        assert.match(error.message, /nowhere \(ENOENT\)/)
        assert.match(error.hint, /TGSESSION_FILE/)
        return true
      })
    } finally {
      if (usual === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = usual
    }
    assert.equal((await openTestReplica(store).status()).generation, 0)
  })

  for (const missing of ['no-such-program-anywhere', './no/such/program', import.meta.dirname])
    it(`cannot start ${path.basename(missing)}: says so, and lets the lease go`, async () => {
      const running = new Running(openTestReplica(store), [missing])
      await assert.rejects(running.ended, (error) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.code, 'run.cannot_start')
        assert.match(error.message, new RegExp(path.basename(missing)))
        return true
      })
      assert.equal((await openTestReplica(store).status()).holder, null)
      assert.deepEqual(placedFolders(), foldersBefore)
    })

  it('asks whether a script was to be run by its interpreter', async () => {
    const running = new Running(openTestReplica(store), ['bot.py'])
    await assert.rejects(running.ended, { code: 'run.cannot_start', hint: /-- python3 -u bot\.py/ })
  })

  it('saves what the command changed, whatever its exit code was', async () => {
    const running = new Running(openTestReplica(store), [NODE, program('hot.ts')], {
      quietMs: 60_000,
      maxMs: 60_000,
    })
    assert.equal(await running.ended, 137)
    const { bytes, revision } = await openTestReplica(store).restore()
    assert.equal(revision.revision, 2)
    assert.deepEqual(await entityNames(bytes), ['Rig', 'committed'], 'the half transaction was rolled back')
  })

  it('ends with 79 when the last save fails, keeps the file and names it', async () => {
    const running = new Running(openTestReplica(store), [NODE, program('hot.ts')], {
      quietMs: 60_000,
      maxMs: 60_000,
    })
    store.broken = (key, method) => method === 'put' && key.includes('revisions/')
    assert.equal(await running.ended, 79)
    assert.equal((await running.saw('save.failed'))['code'], 'store.unreachable')
    const { file } = await running.saw('session.kept')
    const kept = new Uint8Array(readFileSync(String(file)))
    assert.deepEqual(await entityNames(kept), ['Rig', 'committed'])
    assert.ok(running.names.includes('lease.released'), 'the next instance need not wait')
    rmSync(path.dirname(String(file)), { recursive: true })
  })

  it('ends with 75 when the lease is lost at the last save, and saves nothing', async () => {
    const log = path.join(scratch, 'lost.log')
    const running = new Running(openTestReplica(store), [NODE, program('serve.ts')], {
      env: { ...process.env, LOG: log, SLOW_MS: '300' },
      quietMs: 60_000,
      maxMs: 60_000,
    })
    await until(() => existsSync(log), 'the start')
    running.stop()
    await until(() => readFileSync(log, 'utf8').includes('SIGTERM'), 'SIGTERM')
    const other = { id: 'other', label: 'worker.2', since: new Date().toISOString(), beat: 0, ttlMs: 2000 }
    store.tamper((head) => ({ ...head, generation: head.generation + 1, holder: other }))
    assert.equal(await running.ended, 75)
    const { current, holder } = await openTestReplica(store).status()
    assert.equal(current?.revision, 1)
    assert.equal(holder?.id, 'other', 'the lease of another is not released')
  })
})
