import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import { Command } from '../../../src/run/command/command.ts'
import { hasWatchdog } from '../../../src/run/command/watchdog.ts'
import { missing, PYTHON } from '../../support/requires.ts'
import { isAlive, temporaryFolder } from '../../support/rig.ts'
import { until } from '../../support/until.ts'

const HIDE = path.join(import.meta.dirname, '../programs', 'hide.py')
const GRACE_MS = 1

describe('a command', { skip: !hasWatchdog() }, () => {
  it('leaves no watchdog behind when it has ended', async () => {
    const env = { PATH: process.env['PATH'] }
    const command = new Command({ argv: ['true'], session: {}, env, passEnv: false, clock: systemClock })
    assert.equal(watchdogs(), 1)
    await command.ended
    await until(() => watchdogs() === 0)
  })
})

/** Of this process. */
function watchdogs(): number {
  const found = spawnSync('pgrep', ['-c', '-P', String(process.pid), '-f', 'tgsession-watchdog'])
  return Number(found.stdout.toString())
}

/** What a command has started cannot be seen in the moment in which the system starts it. */
describe('a command of which a part is just being started', { skip: missing.telethon() }, () => {
  let scratch: Awaited<ReturnType<typeof temporaryFolder>>
  let [tests, pid, isOver] = [0, 0, false]
  let files: { LOG: string; SHOW: string; SHOWN: string }

  before(async () => {
    scratch = await temporaryFolder()
  })
  after(async () => {
    await scratch.remove()
  })
  beforeEach(() => {
    const file = (name: string): string => path.join(scratch.folder, `${tests}.${name}`)
    ;[tests, isOver] = [tests + 1, false]
    files = { LOG: file('log'), SHOW: file('show'), SHOWN: file('shown') }
  })

  afterEach(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  })

  /** The part is there to be seen once it was waited for. */
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms, signal) => {
      if (ms === GRACE_MS) return
      writeFileSync(files.SHOW, '')
      await until(() => existsSync(files.SHOWN), 'the program to show itself')
      await systemClock.sleep(ms, signal)
    },
  }
  const start = async (rest: string): Promise<Command> => {
    const line = `"${PYTHON}" "${HIDE}" & until [ -s "$LOG" ]; do :; done; ${rest}`
    const env = { ...process.env, ...files }
    const command = new Command({ argv: ['bash', '-c', line], session: {}, env, passEnv: false, clock })
    void command.ended.then(() => (isOver = true))
    pid = await until(() => existsSync(files.LOG) && Number(readFileSync(files.LOG, 'utf8')), 'the program')
    return command
  }

  it('has not ended', async () => {
    const command = await start('exit 4')
    await until(() => isOver || existsSync(files.SHOWN), 'a second look')
    assert.equal(isOver, false)
    process.kill(pid, 'SIGKILL')
    assert.equal(await command.ended, 4)
  })

  it('is killed with all of it', async () => {
    const command = await start('wait')
    assert.equal(await command.stop(GRACE_MS), 137)
    assert.equal(isAlive(pid), false)
  })
})
