import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import { convertToString } from '../../src/session/convert.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { freePort } from '../support/free-port.ts'
import { HEROKU, type HostProfile, Instance } from '../support/cli/host.ts'
import { ROOT } from '../support/cli/dyno.ts'
import { API_HASH, API_ID, makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const TTL = '4s'
/** Facts of the hosts' documentation: docs/hosts has each with its page. */
const HOSTS: Record<string, HostProfile> = {
  heroku: HEROKU,
  docker: { signal: 'SIGTERM', to: 'first', graceMs: 10_000, replaces: 'after', env: {} },
  fly: { signal: 'SIGINT', to: 'first', graceMs: 5000, replaces: 'after', env: { FLY_MACHINE_ID: '148ed' } },
  railway: {
    signal: 'SIGTERM',
    to: 'first',
    graceMs: 10_000,
    replaces: 'beside',
    env: { RAILWAY_REPLICA_ID: 'r1', RAILWAY_DEPLOYMENT_DRAINING_SECONDS: '10' },
  },
  'kubernetes, render and koyeb': {
    signal: 'SIGTERM',
    to: 'first',
    graceMs: 30_000,
    replaces: 'once healthy',
    env: {},
  },
}

const ON_A_DISK: HostProfile = { signal: 'SIGTERM', to: 'first', graceMs: 10_000, replaces: 'after', env: {} }
const OLD_BOT = JSON.stringify(path.join(import.meta.dirname, 'old-bot.ts'))

/** What the images of deploy/ start, without tini, which only passes the signal on. */
const image = readFileSync(path.join(ROOT, 'deploy', 'Dockerfile'), 'utf8')
const words = [...image.matchAll(/^(?:ENTRYPOINT|CMD) (\[.+\])$/gm)].flatMap((match): string[] =>
  JSON.parse(match[1] ?? '[]'),
)

describe('a restart by the host', { concurrency: true }, () => {
  const folder = temporaryFolder()

  it('starts what the image says', () => {
    assert.deepEqual(words.slice(0, 6), ['tini', '--', 'node', 'dist/src/cli/main.js', 'run', '--health'])
  })

  for (const [name, profile] of Object.entries(HOSTS))
    it(`of ${name} saves, releases, and connects once`, async () => {
      const dc = await startDc()
      const own = path.join(folder, name.replaceAll(/\W/g, '-'))
      await mkdir(own)
      const env = {
        PATH: process.env['PATH'],
        HOME: own,
        TMPDIR: own,
        TGSESSION_STORE: `file:${path.join(own, 'store')}`,
        TGSESSION_KEY: randomBytes(32).toString('hex'),
        TGSESSION_LEASE_TTL: TTL,
        TELEGRAM_API_ID: String(API_ID),
        TELEGRAM_API_HASH: API_HASH,
      }
      await store(dc, env)
      const instances: Instance[] = []
      try {
        await restart(profile, env, instances)
      } finally {
        await Promise.all(instances.map((instance) => instance.end()))
        await dc.close()
      }
      const { duplicates, logins } = dc.stats()
      assert.deepEqual({ duplicates, logins }, { duplicates: 0, logins: 1 })
    })
})

describe('a bot that moves over without a shell', { concurrency: true }, () => {
  const folder = temporaryFolder()

  /** The old one, which has no lease, is stopped `beside`: a while after the new one has imported its session. */
  const moves = async (wait: string): Promise<{ duplicates: number; logins: number; told: string[] }> => {
    const dc = await startDc()
    const own = path.join(folder, `wait-${wait}`)
    await mkdir(own)
    const text = await convertToString(await makeSession(dc), 'gramjs')
    const env = {
      PATH: process.env['PATH'],
      HOME: own,
      TMPDIR: own,
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
      SESSION_STRING: text,
    }
    const profile = HEROKU
    const old = new Instance(`exec node ${OLD_BOT}`, env, profile)
    const instances = [old]
    try {
      await old.saw('old-bot: connected')
      const line = words
        .slice(2)
        .join(' ')
        .replace('0.0.0.0:8080', `127.0.0.1:${await freePort()}`)
      const moved = {
        ...env,
        TGSESSION_STORE: `file:${path.join(own, 'store')}`,
        TGSESSION_KEY: randomBytes(32).toString('hex'),
        TGSESSION_IMPORT: 'SESSION_STRING',
        TGSESSION_IMPORT_WAIT: wait,
      }
      const next = new Instance(`cd ${JSON.stringify(ROOT)} && exec ${line}`, moved, ON_A_DISK)
      instances.push(next)
      await next.saw('event=session.imported')
      if (wait === '0') await until(() => dc.stats().duplicates > 0, 'a duplicate')
      else {
        await next.saw('event=import.waiting')
        assert.equal(await old.stop(), 0)
        await next.saw('ping-bot: connected')
      }
      const { duplicates, logins } = dc.stats()
      return { duplicates, logins, told: next.lines }
    } finally {
      await Promise.all(instances.map((instance) => instance.end()))
      await dc.close()
    }
  }

  it('waits for the end of the old one: no duplicate', async () => {
    const { told, ...counted } = await moves('5s')
    assert.deepEqual(counted, { duplicates: 0, logins: 1 })
    assert.ok(told.some((line) => line.includes('TGSESSION_IMPORT is set')))
  })

  it('would have one without the wait', async () => {
    assert.ok((await moves('0')).duplicates > 0)
  })
})

async function store(dc: FakeDc, env: Record<string, string | undefined>): Promise<void> {
  const replica = await openReplica(await readSettings(env, { store: true }))
  await replica.push(await makeSession(dc), {})
}

async function restart(
  profile: HostProfile,
  env: Record<string, string | undefined>,
  instances: Instance[],
): Promise<void> {
  const start = async (): Promise<{ instance: Instance; port: number }> => {
    const port = await freePort()
    const line = words.slice(2).join(' ').replace('0.0.0.0:8080', `127.0.0.1:${port}`)
    const instance = new Instance(`cd ${JSON.stringify(ROOT)} && exec ${line}`, env, profile)
    instances.push(instance)
    return { instance, port }
  }
  const { instance: first } = await start()
  await first.saw('ping-bot: connected')
  let next: Instance | undefined
  if (profile.replaces === 'once healthy') {
    const started = await start()
    next = started.instance
    await until(() => isHealthy(started.port), 'a 200 of /healthz')
    await next.saw('event=lease.waiting')
  }
  const stopping = first.stop()
  if (profile.replaces === 'beside') {
    await sleep(100)
    next = (await start()).instance
  }
  assert.notEqual(await stopping, -1, 'it was killed: it needed more than the grace')
  assert.ok(
    first.lines.some((text) => text.includes('event=lease.released')),
    first.lines.join('\n'),
  )
  next ??= (await start()).instance
  await next.saw('ping-bot: connected')
  assert.ok(next.lines.some((text) => text.includes('event=lease.taken generation=')))
}

async function isHealthy(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ status }) => status === 200,
    () => false,
  )
}
