import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { missing, PYTHON } from '../../support/requires.ts'
import {
  entityNames,
  isAlive,
  makeSession,
  openTestReplica,
  Running,
  startDc,
  SwitchedStore,
} from '../../support/rig.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'
import { steadyClock } from '../../support/steady-clock.ts'

const program = (name: string): string => path.join(import.meta.dirname, '../programs', name)
const SERVE = [process.execPath, program('serve.ts')]

describe('run, when it is stopped', () => {
  let dc: FakeDc
  let session: Uint8Array
  const scratch = temporaryFolder()
  let store: SwitchedStore
  let log: string
  let logs = 0
  const started: Running[] = []

  before(async () => {
    dc = await startDc()
    session = await makeSession(dc)
  })
  after(async () => {
    await dc.close()
  })
  beforeEach(async () => {
    store = new SwitchedStore()
    await openTestReplica(store, 'ci').push(session)
    log = path.join(scratch, `${++logs}.log`)
  })

  afterEach(() => {
    for (const running of started.splice(0)) running.stop()
  })

  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  const events = (): (string | undefined)[] => lines().map((line) => line.split(' ')[0])
  const pidOf = async (): Promise<number> => {
    const line = await until(
      () => lines().find((one) => one.startsWith('start ')),
      'the start of the program',
    )
    return Number(line.split(' ')[1])
  }
  const saved = async (): Promise<string[]> => entityNames((await openTestReplica(store).restore()).bytes)
  const start = (argv: string[], env: Record<string, string> = {}, options: object = {}): Running => {
    // Nothing here is about the end of a lease.
    const running = new Running(openTestReplica(store, 'worker.1', 60_000), argv, {
      env: { ...process.env, LOG: log, ...env },
      quietMs: 60_000,
      maxMs: 60_000,
      ...options,
    })
    started.push(running)
    return running
  }

  it('forwards SIGTERM once, awaits the end, saves what was written at it, then releases', async () => {
    const running = start(SERVE, { SLOW_MS: '300' })
    const pid = await pidOf()
    running.stop()
    running.stop('SIGINT')
    assert.equal(await running.ended, 7, "the command's own exit code")
    assert.deepEqual(events(), ['start', 'SIGTERM', 'end'])
    assert.equal(isAlive(pid), false)
    assert.deepEqual(await saved(), ['Rig', 'written on TERM'])
    assert.deepEqual(running.names.slice(-3), ['command.ended', 'session.saved', 'lease.released'])
    assert.equal((await openTestReplica(store).status()).holder, null)
  })

  it('forwards SIGINT and SIGHUP as what they are', async () => {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      const running = start(SERVE, {}, { shutdownMs: 6000 })
      await pidOf()
      running.stop(signal)
      assert.equal(await running.ended, 137, 'the program does not end on it and is killed')
      assert.deepEqual(events(), ['start', signal])
      log = `${log}.next`
    }
  })

  it('forwards nothing where the host signals every process itself, and still waits', async () => {
    const running = start(SERVE, {}, { forwards: () => false })
    const pid = await pidOf()
    running.stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.deepEqual(events(), ['start'])
    process.kill(pid, 'SIGTERM')
    assert.equal(await running.ended, 7)
    assert.deepEqual(events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await saved(), ['Rig', 'written on TERM'])
  })

  it('kills a command that does not end at 60 % of the time, and saves all the same', async () => {
    const running = start(SERVE, { STUBBORN: '1' }, { shutdownMs: 6000 })
    const pid = await pidOf()
    const at = steadyClock.now()
    running.stop()
    assert.equal(await running.ended, 137)
    const tookMs = steadyClock.now() - at
    assert.ok(tookMs >= 3600 && tookMs < 6000, `took ${tookMs} ms`)
    assert.equal(isAlive(pid), false)
    assert.ok(running.names.includes('lease.released'))
  })

  it('gives the last save up in time to say so where the store does not answer', async () => {
    const running = start(SERVE, {}, { shutdownMs: 6000 })
    await pidOf()
    const silent = Promise.withResolvers<void>()
    store.silence = silent.promise
    const at = steadyClock.now()
    running.stop()
    assert.equal(await running.ended, 79)
    const tookMs = steadyClock.now() - at
    assert.ok(tookMs < 6000, `took ${tookMs} ms`)
    assert.equal((await running.saw('save.failed'))['code'], 'store.timeout')
    const { file } = await running.saw('session.kept')
    assert.deepEqual(await entityNames(readFileSync(String(file))), ['Rig', 'written on TERM'])
    silent.resolve()
  })

  it('waits for the children of a parent that dies at once, and saves what they write', async () => {
    const [node = '', script = ''] = SERVE
    // As npm does: dead in milliseconds, while its child is still writing; here the child is signalled by itself.
    const line = `trap 'kill -TERM $child; exit 5' TERM; "${node}" "${script}" & child=$!; wait`
    const running = start(['bash', '-c', line], { SLOW_MS: '500' })
    const pid = await pidOf()
    running.stop()
    assert.equal(await running.ended, 5, 'the code of the command itself')
    assert.equal(isAlive(pid), false)
    assert.deepEqual(events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await saved(), ['Rig', 'written on TERM'])
  })

  it('passes the signal on to what is left where the parent has died of it, as npm and a shell do', async () => {
    const [node = '', script = ''] = SERVE
    const running = start(['bash', '-c', `"${node}" "${script}" & wait`])
    await pidOf()
    running.stop()
    assert.equal(await running.ended, 143, 'the code of the command itself')
    assert.deepEqual(events(), ['start', 'SIGTERM', 'end'])
    assert.deepEqual(await saved(), ['Rig', 'written on TERM'])
  })

  it('kills the children that are left, before the last save and the release', async () => {
    const [node = '', script = ''] = SERVE
    const line = `trap 'exit 0' TERM; "${node}" "${script}" & wait`
    let aliveAtEnd: boolean | undefined
    let pid = 0
    const report = (event: string): void => {
      if (event === 'command.ended') aliveAtEnd = isAlive(pid)
    }
    const running = start(['bash', '-c', line], {}, { shutdownMs: 6000, report })
    pid = await pidOf()
    running.stop()
    assert.equal(await running.ended, 0)
    assert.equal(aliveAtEnd, false)
    assert.deepEqual(events(), ['start'], 'nobody signalled the child, so it was killed')
  })

  it('counts a command as running while one of its children is', async () => {
    const [node = '', script = ''] = SERVE
    const running = start(['bash', '-c', `"${node}" "${script}" & exit 4`])
    const pid = await pidOf()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(running.names.at(-1), 'command.started')
    process.kill(pid, 'SIGTERM')
    assert.equal(await running.ended, 4)
    assert.deepEqual(await saved(), ['Rig', 'written on TERM'])
  })

  it('kills the children that are left when the command ended by itself and the stop comes then', async () => {
    const [node = '', script = ''] = SERVE
    const line = `"${node}" "${script}" & exit 4`
    const running = start(['bash', '-c', line], { STUBBORN: '1' }, { shutdownMs: 6000 })
    const pid = await pidOf()
    running.stop()
    assert.equal(await running.ended, 4)
    assert.equal(isAlive(pid), false)
  })

  it(
    'saves what a Python program writes with Telethon, to the last word',
    { skip: missing.telethon() },
    async () => {
      const running = start([PYTHON, program('write.py')], {}, { quietMs: 50, maxMs: 300 })
      await running.saw('session.saved', 2)
      running.stop()
      assert.equal(await running.ended, 3)
      assert.ok((await saved()).includes('python on TERM'))
    },
  )

  it('ends at once where it is stopped while it waits', async () => {
    await store.tamper((head) => ({ ...head, current: null }))
    const running = start(SERVE)
    await running.saw('session.waiting')
    running.stop('SIGTERM')
    assert.equal(await running.ended, 143)
    assert.deepEqual(events(), [])
  })
})
