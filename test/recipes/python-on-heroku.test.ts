import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import { ROOT } from '../support/cli/dyno.ts'
import { HEROKU, Instance } from '../support/cli/host.ts'
import { missing, PYTHON } from '../support/requires.ts'
import { API_HASH, API_ID, makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What the package has, as npm installs it beside what it depends on. */
async function install(folder: string): Promise<void> {
  const packed = spawnSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  assert.equal(packed.status, 0, packed.stderr)
  const modules = path.join(folder, 'node_modules')
  await mkdir(path.join(modules, 'tgsession'), { recursive: true })
  const archive = path.join(folder, packed.stdout.trim())
  const unpacked = spawnSync('tar', [
    'xzf',
    archive,
    '--strip-components=1',
    '-C',
    path.join(modules, 'tgsession'),
  ])
  assert.equal(unpacked.status, 0, String(unpacked.stderr))
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  )
  for (const name of Object.keys(dependencies)) {
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules', name), path.join(modules, name))
  }
}

describe('a Python bot on Heroku, which is no checkout of ours', () => {
  it('runs, restarts and saves by the Procfile of its page', { skip: missing.telethon() }, async () => {
    const folder = temporaryFolder()
    const dc = await startDc()
    const page = readFileSync(path.join(ROOT, 'docs', 'bots', 'python-on-heroku.md'), 'utf8')
    const line = /^worker: (.+)$/m.exec(page)?.[1]?.replace('python3', PYTHON)
    assert.ok(line)
    const env = {
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`,
      TMPDIR: folder,
      TGSESSION_STORE: `file:${path.join(folder, 'store')}`,
      TGSESSION_KEY: randomBytes(32).toString('hex'),
      TGSESSION_LEASE_TTL: '4s',
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    }
    const dynos: Instance[] = []
    const start = (): Instance => {
      const dyno = new Instance(`cd ${JSON.stringify(folder)} && ${line}`, env, HEROKU)
      dynos.push(dyno)
      return dyno
    }
    try {
      await install(folder)
      await copyFile(path.join(ROOT, 'examples', 'telethon-bot.py'), path.join(folder, 'bot.py'))
      const replica = await openReplica(await readSettings(env, { store: true }))
      await replica.push(await makeSession(dc), {})
      const first = start()
      await first.saw('telethon-bot: connected')
      const stopping = first.stop()
      const second = start()
      await stopping
      await second.saw('telethon-bot: connected')
      assert.ok(first.lines.some((text) => text.includes('event=lease.released')))
    } finally {
      await Promise.all(dynos.map((dyno) => dyno.end()))
      await dc.close()
    }
    const { duplicates, logins } = dc.stats()
    assert.deepEqual({ duplicates, logins }, { duplicates: 0, logins: 1 })
  })
})
