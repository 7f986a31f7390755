import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import type { Check } from '../../src/cli/doctor/check.ts'
import { clockCheck } from '../../src/cli/doctor/clock.ts'
import { costChecks } from '../../src/cli/doctor/cost.ts'
import { diagnose } from '../../src/cli/doctor/diagnose.ts'
import { versioningCheck } from '../../src/cli/doctor/versioning.ts'
import { readHost } from '../../src/config/host.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { StoreLocation } from '../../src/store/locate.ts'
import { sessionBytes } from '../replica/support/sessions.ts'
import { Cli, type CliResult, lastJson } from '../support/cli/cli.ts'
import { missing, POSTGRES_URL } from '../support/requires.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { S3Server } from '../support/store/s3-server.ts'

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const OTHER = 'ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
/** A container of a host that is not known is a warning of its own. */
const API = { TELEGRAM_API_ID: '1', TELEGRAM_API_HASH: '0'.repeat(32), TGSESSION_SHUTDOWN: '25s' }
const AWS = { AWS_ACCESS_KEY_ID: 'testkey', AWS_SECRET_ACCESS_KEY: 'aSecretOfTheBucket' }

type Report = { ok: boolean; exitCode: number; checks: Check[] }

function reportOf({ code, stdout, stderr }: CliResult): Record<string, Check> {
  const { ok, exitCode, checks } = lastJson<Report>(stdout)
  assert.equal(code, exitCode, stderr)
  assert.equal(ok, code === 0)
  assert.ok(!stdout.includes(AWS.AWS_SECRET_ACCESS_KEY) && !stdout.includes(KEY))
  for (const { state, hint, detail } of checks)
    assert.ok(detail !== '' && (state === 'ok' || state === 'skipped' || hint !== undefined))
  return Object.fromEntries(checks.map((check) => [check.check, check]))
}

const states = (checks: Record<string, Check>): Record<string, string> =>
  Object.fromEntries(Object.entries(checks).map(([name, { state }]) => [name, state]))

const fill = async (env: Record<string, string>): Promise<void> => {
  const replica = await openReplica(await readSettings(env, { store: true }))
  await replica.push(await sessionBytes({ userId: 777 }))
}

const answering = async <T>(
  answer: { date?: string; versioning?: string; status?: number },
  use: (endpoint: string) => Promise<T>,
): Promise<T> => {
  const service = createServer((request, response) => {
    const versioning = new URL(request.url ?? '', 'http://x').searchParams.has('versioning')
    response.sendDate = answer.date === undefined
    if (answer.date !== undefined && answer.date !== '') response.setHeader('date', answer.date)
    response.statusCode = versioning ? (answer.status ?? 200) : 403
    const body = `<VersioningConfiguration><Status>${answer.versioning}</Status></VersioningConfiguration>`
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const address = service.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    return await use(`http://127.0.0.1:${address.port}`)
  } finally {
    service.closeAllConnections()
    await new Promise((resolve) => service.close(resolve))
  }
}

const located = (endpoint: string): StoreLocation => ({
  url: `s3://b/p?region=x&endpoint=${encodeURIComponent(endpoint)}`,
  source: 'x',
})

const at = (ms: number): string => new Date(Date.now() + ms).toUTCString()

const costDetails = (of: Parameters<typeof costChecks>[0], bytes = 0): string[] =>
  costChecks(of, { bytes, headBytes: 1000 }).map(({ detail }) => detail)

describe('tgsession doctor', () => {
  const scratch = temporaryFolder()
  let cli: Cli
  let server: S3Server

  before(async () => {
    cli = new Cli(scratch)
    server = await S3Server.start()
  })
  after(async () => {
    cli.killAll()
    await server.close()
  })

  const envOf = (store: string): Record<string, string> => ({
    ...API,
    TGSESSION_STORE: `file:${scratch}/${store}`,
    TGSESSION_KEY: KEY,
  })
  const doctor = async (env: Record<string, string>): Promise<Record<string, Check>> =>
    reportOf(await cli.run(['doctor', '--json'], env))
  it('finds nothing wrong with a good store, and leaves nothing in it', async () => {
    const env = envOf('good')
    await fill(env)
    const found = await doctor(env)
    assert.deepEqual(states(found), {
      configuration: 'ok',
      store: 'ok',
      head: 'ok',
      'conditional writes': 'ok',
      decryption: 'ok',
      session: 'ok',
      clock: 'skipped',
      bucket: 'skipped',
      requests: 'ok',
      traffic: 'ok',
    })
    assert.match(found['session']?.detail ?? '', /schema 7.*user 777/)
    assert.match(found['requests']?.detail ?? '', /173 000 writes a month/)
    const names = readdirSync(path.join(scratch, 'good'), { recursive: true, encoding: 'utf8' })
    assert.ok(!names.some((name) => /\.probe\/./.test(name)), names.join())

    const { stdout } = await cli.run(['doctor'], env)
    assert.equal(stdout.trimEnd().split('\n').length, 10, 'one line per check')
    assert.match(stdout, /^ok {7}configuration +file:/)
  })

  it(
    'is a checklist on a terminal, as wide as that, and in colours unless told otherwise',
    { skip: missing.command('script') },
    async () => {
      const env = { TGSESSION_STORE: `file:${path.join(scratch, 'list')}`, TGSESSION_SHUTDOWN: '25s' }
      const screen = cli.terminal(['doctor'], env)
      const { code, text } = await screen.end()
      const lines = text.split('\r\n')
      assert.deepEqual([code, lines.filter((line) => line.length > 120)], [0, []])
      assert.match(text, /^✓ {2}store +/m)
      assert.match(text, /^! {2}login +.*\r\n +→ Only /m)
      assert.match(text, /^0 failures, 1 warning\.\r$/m)
      assert.ok(screen.raw.includes('\u001b[32m✓'))
      const plain = cli.terminal(['doctor'], { ...env, NO_COLOR: '1' })
      await plain.end()
      assert.ok(plain.raw.includes('✓') && !plain.raw.includes('\u001b['))
    },
  )

  it('looks over S3 too: clock, versioning, and as much as can be asked', async () => {
    const env = { ...API, ...AWS, TGSESSION_STORE: server.url('p'), TGSESSION_KEY: KEY }
    const found = await doctor(env)
    assert.equal(found['session']?.state, 'skipped', 'there is none yet')
    assert.equal(found['clock']?.state, 'ok')
    assert.equal(found['bucket']?.state, 'ok')
    assert.equal(found['conditional writes']?.state, 'ok')
  })

  it('ends with the code of what is wrong, and goes on as far as it can', async () => {
    const nothing = await doctor({})
    assert.deepEqual(states(nothing), { configuration: 'failed' })
    assert.equal(nothing['configuration']?.exitCode, 78)
    assert.match(JSON.stringify(nothing), /TGSESSION_STORE is missing/)

    const s3 = { ...API, ...AWS, TGSESSION_STORE: server.url('p'), TGSESSION_KEY: KEY }
    const refused = await doctor({ ...s3, AWS_ACCESS_KEY_ID: 'wrong' })
    assert.deepEqual([refused['store']?.state, refused['store']?.exitCode], ['failed', 77])
    assert.equal(refused['conditional writes'], undefined)

    server.conditions = 'ignored'
    const ignoring = await doctor(s3)
    server.conditions = 'sound'
    assert.deepEqual(
      [ignoring['store']?.state, ignoring['conditional writes']?.code],
      ['ok', 'store.ignores_conditions'],
    )
  })

  it('tells a wrong key, a damaged revision, a dead key and a damaged head apart', async () => {
    const env = envOf('bad')
    await fill(env)
    const wrong = await doctor({ ...env, TGSESSION_KEY: OTHER })
    assert.deepEqual([wrong['decryption']?.code, wrong['decryption']?.exitCode], ['key.wrong', 78])

    const replica = await openReplica(await readSettings(env, { store: true }))
    const lease = await replica.lease()
    const { current } = await replica.status()
    assert.ok(current)
    assert.match((await doctor(env))['head']?.detail ?? '', /in use by/)
    await replica.markDead(lease, current, 'revoked')
    await lease.release()
    const dead = await doctor(env)
    assert.deepEqual([dead['session']?.code, dead['session']?.exitCode], ['session.dead', 66])

    const folder = path.join(scratch, 'bad')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    )
    const object = files.find((name) => /\/00000001-/.test(name) && statSync(name).isFile())
    assert.ok(object, files.join())
    truncateSync(object, readFileSync(object).length - 1)
    const damaged = await doctor(env)
    assert.deepEqual([damaged['session']?.code, damaged['session']?.exitCode], ['revision.corrupt', 65])
  })

  it('warns of a session that the key before, or no key, protects, until it is stored again', async () => {
    const env = envOf('rotated')
    await fill({ ...env, TGSESSION_KEY: '', TGSESSION_ENCRYPTION: 'none' })
    const decryption = async (more: Record<string, string>): Promise<unknown[]> => {
      const { state, detail, hint = '' } = (await doctor({ ...env, ...more }))['decryption']!
      return [state, detail, /tgsession push/.test(hint)]
    }
    assert.deepEqual(await decryption({}), ['warning', 'revision 1 is not encrypted', true])
    await cli.run(['pull', 'rotated.session'], env)
    await cli.run(['push', 'rotated.session'], env)
    assert.deepEqual(await decryption({}), ['ok', 'revision 2 opens with TGSESSION_KEY', false])
    const rotated = { TGSESSION_KEY: OTHER, TGSESSION_KEY_PREVIOUS: KEY }
    assert.deepEqual(await decryption(rotated), [
      'warning',
      'revision 2 opens with TGSESSION_KEY_PREVIOUS',
      true,
    ])
    await cli.run(['push', 'rotated.session'], { ...env, ...rotated })
    assert.deepEqual(await decryption({ TGSESSION_KEY: OTHER }), [
      'ok',
      'revision 3 opens with TGSESSION_KEY',
      false,
    ])
  })

  it('fails where the public key alone cannot open what is stored, and warns of what is not fatal', async () => {
    const env = envOf('public')
    await fill(env)
    const settings = await readSettings(env)
    const { TGSESSION_KEY: _, ...rest } = env
    const found = await doctor({ ...rest, TGSESSION_RECIPIENT: settings.recipient ?? '' })
    // `run` cannot start there, so the doctor is not green.
    assert.equal(found['decryption']?.state, 'failed')
    const warned = await doctor({ ...env, TELEGRAM_API_HASH: '', DYNO: 'worker.1' })
    assert.deepEqual([warned['login']?.state, warned['store safety']?.state], ['warning', 'warning'])
  })

  it('is not green where nothing can be written', { skip: missing.postgres() }, async () => {
    const tables = `hints_${process.pid}`
    const options = (more: string): string =>
      `?options=${encodeURIComponent(`-c search_path=${tables}${more}`)}`
    const client = new Client({ connectionString: POSTGRES_URL })
    await client.connect()
    try {
      await client.query(`CREATE SCHEMA ${tables}`)
      const env = { ...API, TGSESSION_KEY: KEY, TGSESSION_STORE: POSTGRES_URL + options('') }
      await fill(env)
      assert.equal((await doctor(env))['conditional writes']?.state, 'ok')
      const replica = {
        ...env,
        TGSESSION_STORE: POSTGRES_URL + options(' -c default_transaction_read_only=on'),
      }
      const found = (await doctor(replica))['conditional writes']
      assert.deepEqual([found?.state, found?.exitCode], ['failed', 69])
    } finally {
      await client.query(`DROP SCHEMA ${tables} CASCADE`)
      await client.end()
    }
  })

  it('counts on the ten seconds of docker in a container of a host that is not known, and says so', async () => {
    const settings = await readSettings(envOf('docker'), { store: true })
    const { shutdownMs } = readHost({}, true)
    const { host } = Object.fromEntries(
      (await diagnose(async () => ({ ...settings, shutdownMs, isGuess: true }), {})).map((one) => [
        one.check,
        one,
      ]),
    )
    assert.equal(host?.state, 'warning')
    assert.match(`${host.detail} ${host.hint}`, /8 s are counted on.*TGSESSION_SHUTDOWN=25s/)
  })

  it('looks at one plain file', async () => {
    const file = path.join(scratch, 'plain.session')
    await writeFile(file, await sessionBytes({ userId: 777 }))
    const found = await doctor({ ...API, TGSESSION_STORE: `file:${file}` })
    assert.deepEqual(states(found), { configuration: 'ok', store: 'ok', session: 'ok', lease: 'warning' })
    await writeFile(file, 'x')
    const bad = await doctor({ ...API, TGSESSION_STORE: `file:${file}` })
    assert.deepEqual([bad['session']?.state, bad['session']?.exitCode], ['failed', 65])
  })
})

describe('what the doctor asks a service', () => {
  it('is the time, and how far off this clock is', async () => {
    const check = (date?: string): Promise<Check> =>
      answering(date === undefined ? {} : { date }, (endpoint) => clockCheck(located(endpoint), {}))
    assert.equal((await check()).state, 'ok')
    const behind = await check(at(600_000))
    assert.deepEqual([behind.state, /(599|600|601) s behind/.test(behind.detail)], ['warning', true])
    assert.match((await check(at(-600_000))).detail, /ahead of/)
    assert.equal((await check('')).state, 'skipped')
    assert.equal((await clockCheck(located('http://127.0.0.1:9'), {})).state, 'skipped')
    assert.equal((await clockCheck({ url: 'postgres://h/d', source: 'x' }, {})).state, 'skipped')
  })

  it('is whether the bucket keeps every version', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const check = (answer: { versioning?: string; status?: number }): Promise<Check> =>
      answering(answer, (endpoint) => versioningCheck({ ...located(endpoint), credentials }))
    assert.equal((await check({ versioning: 'Enabled' })).state, 'warning')
    assert.equal((await check({ versioning: 'Suspended' })).state, 'ok')
    assert.equal((await check({ status: 403 })).state, 'skipped')
    assert.equal((await check({ status: 501 })).state, 'skipped')
  })

  it('is counted from the TTL and the time after which it saves', () => {
    const store = 's3://bucket/telegram'
    const [requests = '', traffic = ''] = costDetails(
      { leaseTtlMs: 90_000, saveAfterMs: undefined, store },
      1e6,
    )
    assert.match(
      requests,
      /^about 86 000 writes a month for the lease \(TTL 90 s\); 156 000 requests.* each 50 s/,
    )
    assert.match(traffic, /^about 0\.09 GB .* 0\.35 GB if .*\(each save a patch of 4 KiB\)$/)
    const [dear = ''] = costDetails({ leaseTtlMs: 2000, saveAfterMs: 3000, store })
    assert.match(dear, /3 888 000 writes.* 259 000 requests for saves/)
    const sql = costDetails(
      { leaseTtlMs: 90_000, saveAfterMs: undefined, store: 'postgres://h/db' },
      60 * 1024 * 1024,
    )
    assert.match(sql[0] ?? '', /26 000 requests for saves.* each 300 s/)
    assert.match(sql[1] ?? '', /3\d\d\.\d GB if .*each save the whole session\); what was replaced stays/)
  })
})
