import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { Saver, type SaverOptions } from '../../src/run/saver.ts'
import { Holder } from '../replica/support/holder.ts'

const STEP_MS = 100

interface Pace {
  holder: Holder
  /** Something changes now. */
  touch: () => void
  /** Lets virtual time pass up to `until`, changing something every `everyMs`. Threads get the real time that they need. */
  pass: (until: number, everyMs?: number) => Promise<void>
  /** When each save was done, after the beginning. */
  saves: number[]
  end: () => Promise<void>
}

/** A saver in virtual time; a copy of the session takes `captureMs`. */
async function paced({
  captureMs = 0,
  whole = false,
  ...options
}: Partial<SaverOptions> & { captureMs?: number; whole?: boolean } = {}): Promise<Pace> {
  const holder = await Holder.of(whole ? { patchesWork: () => Promise.resolve(false) } : {})
  const { time } = holder.setting
  const clock = time.clock()
  const began = time.now
  const saves: number[] = []
  let changes = 0
  const now = { saving: false }
  const saver = new Saver({
    replica: holder.replica,
    lease: holder.lease,
    base: holder.base,
    clock,
    report: (event) => {
      if (event === 'session.saved') saves.push(time.now - began)
      if (/^session\.saved|\.failed$/.test(event)) now.saving = false
    },
    source: {
      checkpoint: async () => String(changes),
      capture: async () => {
        if (captureMs > 0) await clock.sleep(captureMs)
        now.saving = true
        return await holder.file()
      },
    },
    ...options,
  })
  await saver.mark()
  const stop = new AbortController()
  const ended = saver.watch(stop.signal).catch(() => undefined)
  const step = async (): Promise<void> => {
    await time.run(time.now + STEP_MS)
    for (let turn = 0; turn === 0 || now.saving; turn++) await delay(1)
  }
  return {
    holder,
    saves,
    touch: () => void changes++,
    pass: async (until, everyMs = Infinity) => {
      while (time.now - began < until) {
        if ((time.now - began) % everyMs === 0) changes++
        await step()
      }
    },
    end: async () => {
      stop.abort(new Error('enough'))
      await ended
      await holder.setting.during(holder.lease.release())
    },
  }
}

const near = (found: number | undefined, expected: number): void =>
  assert.ok(found !== undefined && Math.abs(found - expected) <= 1500, `${found} is not about ${expected}`)

describe('the pace of saves', () => {
  it('is 5 s after the last change while they are patches, and 50 s after the first that never pauses', async () => {
    const { pass, touch, saves, end } = await paced()
    touch()
    await pass(10_000)
    assert.equal(saves.length, 1)
    near(saves[0], 6000)
    await pass(120_000, 1000)
    near(saves[1], 60_000)
    near(saves[2], 111_000)
    await end()
  })

  it('is 30 s and 5 min while they are whole', async () => {
    const { pass, touch, saves, end, holder } = await paced({ whole: true })
    touch()
    await pass(40_000)
    near(saves[0], 31_000)
    assert.equal(holder.setting.head.current?.base, null)
    await pass(400_000, 2000)
    near(saves[1], 341_000)
    await end()
  })

  it('is what was asked for, if something was', async () => {
    const { pass, touch, saves, end } = await paced({ quietMs: 2000 })
    touch()
    await pass(4000)
    near(saves[0], 3000)
    await pass(40_000, 500)
    near(saves[1], 24_000)
    await end()
  })

  it('leaves a pause of fifty times what the last save took', async () => {
    const { pass, touch, saves, end } = await paced({ captureMs: 800 })
    touch()
    await pass(9000)
    assert.equal(saves.length, 1)
    const done = saves[0]!
    touch()
    await pass(done + 38_000)
    assert.equal(saves.length, 1)
    await pass(done + 46_000)
    assert.equal(saves.length, 2)
    near(saves[1], done + 41_500)
    await end()
  })
})

describe('what a save asks of the store', () => {
  it('is its revision and the head, which is a renewal as well', async () => {
    const { pass, saves, end, holder } = await paced()
    const { store } = holder.setting
    store.requests = []
    await pass(50_000, 1000)
    await pass(52_000)
    assert.equal(saves.length, 1)
    const requests = store.requests.map((one) => one.replace(/revisions\/.*/, 'revision'))
    const renewals = requests.slice(0, -2)
    assert.deepEqual(requests.slice(-2), ['put main/revision', 'put main/head.json'])
    assert.deepEqual(
      renewals,
      renewals.map(() => 'put main/head.json'),
    )
    assert.equal(renewals.length, 3, 'of 15, 30 and 45 s')
    await pass(64_000)
    assert.equal(store.requests.length, requests.length, 'none at 60 s: the save was one')
    await end()
  })
})
