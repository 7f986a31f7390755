import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { systemClock } from '../../../../src/base/clock.ts'
import { Command } from '../../../../src/run/command/process/command.ts'
import { canTag } from '../../../../src/run/command/process/tag.ts'
import { missing, PYTHON } from '../../../support/requires.ts'
import { isAlive } from '../../../support/rig.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { until } from '../../../support/until.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../../programs', name)
const GRACE_MS = 1
const TTL_MS = 4000

/** What a shell starts so that nothing in its environment, its session or its descriptors tells whose it is. Its pid goes to LOG. */
const STAYS = `'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 600' "$LOG"`
const ESCAPES: Record<string, { line: string; skip?: string | false }> = {
  'with an empty environment, in a session of its own': { line: `env -i setsid sh -c ${STAYS} &` },
  'forked twice, with all descriptors closed': {
    line: `(env -i setsid sh -c ${STAYS} <&- >&- 2>&- &);`,
  },
  'with an environment that was overwritten': {
    line: `"$PYTHON" "$HIDE" title &`,
    skip: missing.command(PYTHON),
  },
  'that is not dumpable': { line: `"$PYTHON" "$HIDE" dump &`, skip: missing.command(PYTHON) },
}

describe('what a command has started', { skip: canTag() ? false : 'not Linux, or no shell' }, () => {
  const scratch = temporaryFolder()
  let log: string
  let logs = 0
  const wrappers: ChildProcess[] = []

  beforeEach(() => {
    log = path.join(scratch, `${++logs}.log`)
  })
  afterEach(() => {
    for (const wrapper of wrappers.splice(0)) wrapper.kill('SIGKILL')
    if (existsSync(log) && isAlive(pid())) process.kill(pid(), 'SIGKILL')
  })

  const pid = (): number => Number(readFileSync(log, 'utf8'))
  const isThere = async (): Promise<number> => {
    await until(() => existsSync(log), 'what the command starts')
    return pid()
  }
  const variables = (): Record<string, string> => ({
    PATH: process.env['PATH'] ?? '',
    PYTHON,
    HIDE: program('hide.py'),
    LOG: log,
  })
  const start = (line: string): Command =>
    new Command({
      argv: ['sh', '-c', line],
      session: {},
      env: variables(),
      passEnv: false,
      clock: systemClock,
    })
  /** The same in a process that may be killed and frozen. TTL: its lease was renewed just now, and never again. */
  const wrap = (line: string, ttlMs?: number): ChildProcess => {
    const env = { ...variables(), LINE: line, TTL: String(ttlMs ?? '') }
    const wrapper = spawn(process.execPath, [program('wrap.ts')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    wrappers.push(wrapper)
    return wrapper
  }

  for (const [what, { line, skip = false }] of Object.entries(ESCAPES)) {
    it(`counts as the command, and is killed with it: ${what}`, { skip }, async () => {
      const command = start(`${line} sleep 600`)
      const found = await isThere()
      assert.equal(await command.stop(GRACE_MS), 137)
      assert.equal(isAlive(found), false)
    })

    it(`keeps the command from having ended: ${what}`, { skip }, async () => {
      const command = start(`${line} until [ -s "$LOG" ]; do sleep 0.05; done; exit 4`)
      const found = await isThere()
      let isOver = false
      void command.ended.then(() => (isOver = true))
      await systemClock.sleep(500)
      assert.equal(isOver, false)
      process.kill(found, 'SIGKILL')
      assert.equal(await command.ended, 4)
    })

    it(`dies with a wrapper that is killed: ${what}`, { skip }, async () => {
      const wrapper = wrap(`${line} sleep 600`)
      const found = await isThere()
      wrapper.kill('SIGKILL')
      await until(() => !isAlive(found), 'the watchdog')
    })
  }

  it('is signalled and then killed in time where the wrapper is frozen', async () => {
    const wrapper = wrap(
      `trap 'echo TERM' TERM; echo $$ >"$LOG"; echo started; while :; do sleep 0.05; done`,
      TTL_MS,
    )
    assert.ok(wrapper.stdout)
    const said = { text: '' }
    wrapper.stdout.on('data', (part: Buffer) => (said.text += part.toString()))
    await until(() => said.text.includes('started'), 'the start')
    const startedAt = performance.now()
    wrapper.kill('SIGSTOP')
    await until(() => said.text.includes('TERM'), 'SIGTERM')
    const found = pid()
    await until(() => !isAlive(found), 'SIGKILL')
    assert.ok(performance.now() - startedAt < TTL_MS * 1.2, 'not much later than that')
    wrapper.kill('SIGCONT')
    await once(wrapper, 'exit')
    assert.match(said.text, /ended 137/)
  })

  /** Its lease lasts for `ttlMs` from each call of `renew`. */
  const leased = (argv: string[], ttlMs: number): { command: Command; renew: () => void } => {
    const listeners: ((leftMs: number) => void)[] = []
    const onRenewal = (listener: (leftMs: number) => void): (() => void) => {
      listeners.push(listener)
      listener(ttlMs)
      return () => listeners.pop()
    }
    const options = { session: {}, env: variables(), passEnv: false, clock: systemClock }
    const command = new Command({ argv, ...options, lease: { ttlMs, onRenewal } })
    return { command, renew: () => listeners.forEach((renewed) => renewed(ttlMs)) }
  }

  describe('for as long as its lease', { concurrency: true }, () => {
    it('goes on while the lease is renewed', async () => {
      const { command, renew } = leased(['sleep', '3'], 2000)
      const again = setInterval(renew, 250)
      assert.equal(await command.ended, 0)
      clearInterval(again)
    })

    it('is killed before the lease is over, counted from the last of many renewals', async () => {
      const { command, renew } = leased(['sh', '-c', `trap '' TERM; exec sleep 600`], TTL_MS)
      for (let n = 0; n < 5; n++) {
        await systemClock.sleep(250)
        renew()
      }
      const renewedAt = systemClock.now()
      assert.equal(await command.ended, 137)
      const lived = systemClock.now() - renewedAt
      assert.ok(lived > TTL_MS * 0.9 && lived < TTL_MS * 1.1, `it lived for ${lived} ms of ${TTL_MS}`)
    })
  })

  it('leaves no watchdog behind when it has ended', async () => {
    const command = start('sleep 600')
    await until(() => watchdogs() === 1)
    await command.stop(GRACE_MS)
    await until(() => watchdogs() === 0)
  })
})

/** Of this process. */
function watchdogs(): number {
  const found = spawnSync('pgrep', ['-c', '-P', String(process.pid), '-f', 'tgsession-watchdog'])
  return Number(found.stdout.toString())
}
