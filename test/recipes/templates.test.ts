import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { HEROKU, Instance } from '../support/cli/host.ts'
import { ROOT } from '../support/cli/dyno.ts'
import { MAIN } from '../support/cli/main-program.ts'
import { freePort } from '../support/free-port.ts'
import { missing, PYTHON } from '../support/requires.ts'
import { ACCOUNT, API_HASH, API_ID, BOT, makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const PAGE = readFileSync(path.join(ROOT, 'docs', 'bots', 'templates.md'), 'utf8')

/** The command of the page's Procfile for a program, started from here. */
function lineOf(program: string): string {
  const line = new RegExp(
    `^(?:worker|web): exec node (\\S+) (run(?: .+)?) -- python3 (-u ${program})$`,
    'm',
  ).exec(PAGE)
  assert.ok(line, `no Procfile for ${program} in the page`)
  return `exec node ${JSON.stringify(MAIN)} ${line[2]} -- ${PYTHON} ${line[3]}`
}

describe('a template of Heroku as it is', { skip: missing.telethon(), concurrency: true }, () => {
  const folder = temporaryFolder()

  /** Three dynos one after another, each beside the one that is being stopped. */
  const restarts = async (
    program: string,
    kind: 'user' | 'bot',
    variables: Record<string, string>,
    started: string,
    look: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ReturnType<FakeDc['stats']>> => {
    const dc = await startDc()
    const env = {
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`,
      TMPDIR: folder,
      TGSESSION_STORE: `file:${path.join(folder, program)}`,
      TGSESSION_KEY: randomBytes(32).toString('hex'),
      TGSESSION_LEASE_TTL: '4s',
      API_ID: String(API_ID),
      API_HASH,
      ...variables,
    }
    const dynos: Instance[] = []
    try {
      const replica = await openReplica(await readSettings(env, { store: true }))
      await replica.push(await makeSession(dc, kind), {})
      let stopping: Promise<unknown> = Promise.resolve()
      for (let n = 0; n < 3; n++) {
        const dyno = new Instance(
          `cd ${JSON.stringify(path.join(import.meta.dirname, 'templates'))} && ${lineOf(program)}`,
          env,
          HEROKU,
        )
        dynos.push(dyno)
        await stopping
        await dyno.saw(started)
        await look()
        if (n < 2) stopping = dyno.stop()
      }
    } finally {
      await Promise.all(dynos.map((dyno) => dyno.end()))
      await dc.close()
    }
    return dc.stats()
  }

  it('a userbot reads STRING_SESSION, and is never logged in twice', async () => {
    const { duplicates, logins } = await restarts(
      'userbot.py',
      'user',
      {},
      `userbot: started as ${ACCOUNT.userId}`,
    )
    assert.deepEqual({ duplicates, logins }, { duplicates: 0, logins: 1 })
  })

  it('a bot that streams files keeps its login: no ImportBotAuthorization at a restart', async () => {
    const PORT = String(await freePort())
    const look = async (): Promise<void> => {
      assert.equal((await (await fetch(`http://127.0.0.1:${PORT}`)).text()).trim(), BOT.username)
    }
    const { duplicates, logins } = await restarts(
      'file_stream.py',
      'bot',
      { BOT_TOKEN: BOT.token, PORT },
      'file-stream: started',
      look,
    )
    assert.deepEqual({ duplicates, logins }, { duplicates: 0, logins: 1 })
  })
})
