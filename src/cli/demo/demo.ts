import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { styleText } from 'node:util'
import { loginAtTerminal } from '../terminal/login-at-terminal.ts'
import { openReplica } from '../../config/open-replica.ts'
import { type Environment, readSettings } from '../../config/settings.ts'
import { FakeDc, type FakeDcEvent } from '../../fake-dc/fake-dc.ts'
import type { Replica } from '../../replica/replica.ts'
import { Act } from './act.ts'
import { Dyno } from './dyno.ts'
import { Typist } from './typist.ts'

/** Heroku starts the new dyno about this long after it signals the old one: facts of its own logs of 2026. */
const OVERLAP_MS = 700
const USER_ID = 777_001n
const PHONE = '+15550001234'
const CODE = '24680'
const PASSWORD = 'correct horse battery staple'

export interface DemoResult {
  logins: number
  dynos: number
  duplicates: number
  sameKey: boolean
  revisions: number
  handoverMs: number
}

/**
 * The main job with nothing configured and no network: a data centre on loopback, a store in a temporary folder, one
 * login, three dynos. Of the caller's settings nothing is used, neither from `hostEnv` nor from an `.env` beside the
 * code. Throws where a step does not happen; the caller judges the numbers.
 */
export async function demo(
  root: string,
  hostEnv: Environment,
  show: (line: string) => void,
): Promise<DemoResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-demo-'))
  const events: FakeDcEvent[] = []
  const dc = await FakeDc.start({
    accounts: [{ phone: PHONE, code: CODE, password: PASSWORD, firstName: 'Demo', userId: USER_ID }],
    onEvent: (event) => events.push(event),
  })
  const dynos: Dyno[] = []
  try {
    const env = environment(folder)
    const replica = await openReplica(await readSettings(env, { store: true, api: true }))
    const act = new Act(dc, USER_ID, events, show)

    act.title('Log in once, at the real prompts (a script types)')
    act.proved(await logIn(replica, dc))

    const line = await procfileLine(root)
    const slug = await makeSlug(root, folder)
    const start = (): Dyno => {
      const tell = (text: string): void =>
        show(styleText('dim', `    worker.1/${dynos.indexOf(dyno) + 1}  ${text}`))
      const dyno = new Dyno('worker.1', line, { ...withoutSettings(hostEnv), ...env }, tell, slug)
      dynos.push(dyno)
      return dyno
    }

    act.title('The dyno starts; the session is fetched, opened and verified')
    const first = start()
    await act.ping('first')

    act.title(`Heroku restarts the dyno: SIGTERM, and the new one ${OVERLAP_MS} ms later, beside the old`)
    const signalledAt = Date.now()
    first.signal('SIGTERM')
    await sleep(OVERLAP_MS)
    const second = start()
    const handoverMs = (await act.requestAfter(signalledAt + OVERLAP_MS)) - signalledAt
    await act.ping('second')
    act.proved(`handover: ${handoverMs} ms from SIGTERM to the first request of the new dyno`)
    await first.ended

    act.title('The dyno dies (kill -9); the next one waits for the lease to run out, and takes over')
    second.signal('SIGKILL')
    await second.ended
    const third = start()
    await act.ping('third')
    third.signal('SIGTERM')
    await third.ended

    const { current, history } = await replica.status()
    const { logins, duplicates, keys } = dc.stats()
    // About one key exchange in 256 fails and is made again: its key was never anybody's.
    const [key, ...others] = keys.filter(({ userId }) => userId !== null)
    const sameKey =
      others.length === 0 && key?.state === 'authorised' && key.keyId === current?.keyFingerprint
    return { logins, dynos: dynos.length, duplicates, sameKey, revisions: history.length + 1, handoverMs }
  } finally {
    for (const dyno of dynos) dyno.signal('SIGKILL')
    await Promise.all(dynos.map((dyno) => dyno.ended))
    await dc.close()
    await rm(folder, { recursive: true, force: true })
  }
}

function environment(folder: string): Record<string, string> {
  return {
    TGSESSION_STORE: `file:${path.join(folder, 'store')}`,
    TGSESSION_KEY: randomBytes(32).toString('hex'),
    // So that the takeover after the kill does not take the 45 s that it takes by default.
    TGSESSION_LEASE_TTL: '4s',
    TELEGRAM_API_ID: '12345',
    TELEGRAM_API_HASH: '0123456789abcdef0123456789abcdef',
  }
}

async function logIn(replica: Replica, dc: FakeDc): Promise<string> {
  const typist = new Typist(
    [
      { question: 'Phone number', answer: PHONE },
      { question: 'Code, sent to', answer: CODE },
      { question: 'Password', answer: PASSWORD },
    ],
    (text) => process.stdout.isTTY && process.stdout.write(text),
  )
  const { host, port, publicKeyPem } = dc
  const stored = await loginAtTerminal(
    replica,
    { apiId: 12345, apiHash: '0123456789abcdef0123456789abcdef', dc: { host, port, publicKeyPem } },
    typist,
  )
  if (typist.left.length > 0) throw new Error(`never asked: ${typist.left.join(', ')}`)
  return `revision ${stored?.revision} stored, key ${stored?.keyFingerprint}`
}

/** What stands in the Procfile runs here: no other command, and not through npm. */
async function procfileLine(root: string): Promise<string> {
  const procfile = await readFile(path.join(root, 'Procfile'), 'utf8')
  const line = /^worker: (.+)$/m.exec(procfile)?.[1]
  if (line === undefined) throw new Error('the Procfile has no worker')
  return line
}

/** What a dyno finds in its folder: the code, and no `.env`. */
async function makeSlug(root: string, folder: string): Promise<string> {
  const slug = path.join(folder, 'slug')
  await mkdir(slug)
  for (const name of ['dist', 'node_modules', 'package.json', 'Procfile'])
    await symlink(path.join(root, name), path.join(slug, name))
  return slug
}

function withoutSettings(env: Environment): Environment {
  const kept = Object.entries(env).filter(([name]) => !/^(TGSESSION|TELEGRAM)_/.test(name))
  return Object.fromEntries(kept)
}
