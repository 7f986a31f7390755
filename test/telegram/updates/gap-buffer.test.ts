import assert from 'node:assert/strict'
import { setImmediate as immediate } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { GapBuffer } from '../../../src/telegram/updates/gap-buffer.ts'
import type { GapBufferOptions } from '../../../src/telegram/updates/gap-buffer.ts'
import type { Handout } from '../../../src/telegram/updates/manager.ts'

const update = (item: string | undefined, pts: number): Handout<string> => ({
  item,
  row: { id: 0n, state: { pts, qts: 0, date: 0, seq: 0 } },
})

function setting(rest: Partial<GapBufferOptions<string>> = {}) {
  const called: string[] = []
  const committed: number[] = []
  const errors: unknown[] = []
  const clock = { now: 0 }
  const handouts = new GapBuffer<string>({
    prepare: () => Promise.resolve(),
    dispatch: async (item) => void called.push(item),
    commit: ({ state }) => committed.push(state.pts),
    isOver: () => false,
    onError: (error) => errors.push(error),
    now: () => clock.now,
    patienceMs: 1000,
    ...rest,
  })
  return { handouts, called, committed, errors, clock }
}

describe('handing updates out', () => {
  it('begins when it is told to, and never in the turn in which an update comes in', async () => {
    const { handouts, called, committed } = setting()
    handouts.push([update('a', 1), update(undefined, 2)])
    await immediate()
    assert.deepEqual(called, [])
    handouts.start()
    assert.deepEqual(called, [])
    await handouts.handedOut()
    handouts.push([update('b', 3)])
    await handouts.handedOut()
    await handouts.settled()
    assert.deepEqual(
      [called, committed],
      [
        ['a', 'b'],
        [1, 2, 3],
      ],
    )
  })

  it('commits only what has settled, with all before', async () => {
    const gates = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() }
    const dispatch = (item: string): Promise<void> => (item === 'a' ? gates.a.promise : gates.b.promise)
    const { handouts, committed } = setting({ dispatch })
    handouts.start()
    handouts.push([update('a', 1), update('b', 2)])
    await handouts.handedOut()
    gates.b.resolve()
    await immediate()
    assert.deepEqual(committed, [])
    gates.a.resolve()
    await handouts.settled()
    assert.deepEqual(committed, [1, 2])
  })

  it('does not wait for ever, and at the end not at all', async () => {
    const { handouts, committed, clock } = setting({ dispatch: () => new Promise(() => undefined) })
    handouts.start()
    handouts.push([update('hangs', 1)])
    await handouts.handedOut()
    clock.now = 1001
    handouts.push([update('hangs too', 2)])
    await handouts.handedOut()
    assert.deepEqual(committed, [1])
    handouts.commitAll()
    assert.deepEqual(committed, [1, 2])
  })

  it('hands nothing out once it is over', async () => {
    let isOver = false
    const { handouts, called, committed } = setting({ isOver: () => isOver })
    handouts.start()
    handouts.push([update('a', 1)])
    await handouts.handedOut()
    isOver = true
    handouts.push([update('b', 2)])
    await handouts.handedOut()
    handouts.commitAll()
    assert.deepEqual([called, committed], [['a'], [1]])
  })

  it('reports what fails, and goes on', async () => {
    const bug = new Error('a bug')
    const full = new Error('no room')
    const { handouts, errors } = setting({
      prepare: () => Promise.reject(bug),
      dispatch: () => Promise.reject(bug),
      commit: () => {
        throw full
      },
    })
    handouts.start()
    handouts.push([update('a', 1)])
    await handouts.handedOut()
    await handouts.settled()
    assert.deepEqual(errors.slice(0, 3), [bug, bug, full])
  })
})
