import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { chaos } from '../support/chaos/chaos.ts'
import { BOTS, type Life, type Plan, planLives, STAYS } from '../support/chaos/plan.ts'
import { STEPS } from '../../src/base/life/step.ts'
import { ROOT } from '../support/cli/dyno.ts'
import { missing } from '../support/requires.ts'

const skip = existsSync(path.join(ROOT, 'dist/scripts/bootstrap.js'))
  ? missing.telethon()
  : 'dist/ is not built (npm run build)'

const STORES = ['file', 'http', 'sql'] as const
const plan = (seed: number, store: (typeof STORES)[number] = 'file', restarts = 30): Plan =>
  planLives({ seed, restarts, store })
const way = ({ end }: Life): string => (end.by === 'moment' ? end.at : end.by === 'kill' ? end.who : end.by)

const waysOf = (store: (typeof STORES)[number], seeds: number[]): number =>
  new Set(seeds.flatMap((seed) => plan(seed, store).lives.map(way))).size

/** What is done to the dynos. */
describe('the plan of chaos', () => {
  it('is the same for the same seed, and kills a quarter', () => {
    assert.deepEqual(plan(7), plan(7))
    assert.notDeepEqual(plan(7), plan(8))
    const short = plan(7).lives.filter(({ stay }) => !stay)
    assert.equal(short.filter(({ end }) => end.by !== 'term').length, 7)
  })

  it('begins with the long lives, of which each thirty restarts have every kind', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { lives } = plan(seed)
      const long = lives.slice(0, STAYS.length)
      assert.deepEqual(new Set(long.map(({ stay }) => stay?.what)), new Set(STAYS), `seed ${seed}`)
      assert.ok(long.every(({ stay }) => (stay?.rivals.length ?? 0) > 0))
    }
  })

  it('has every mishap and every bot in each thirty restarts', () => {
    for (const [store, count] of [
      ['file', 12],
      ['http', 12],
      ['sql', 12],
    ] as const)
      for (let seed = 1; seed <= 20; seed++) {
        const { lives } = plan(seed, store)
        assert.equal(new Set(lives.map(({ mishap }) => mishap)).size, count, `${store}, seed ${seed}`)
        assert.deepEqual(new Set(lives.map(({ bot }) => bot)), new Set(BOTS), `${store}, seed ${seed}`)
      }
  })

  it('kills a bot in process at every step that it has', () => {
    const seeds = Array.from({ length: 80 }, (_, seed) => seed)
    const dead = seeds
      .flatMap((seed) => plan(seed).lives)
      .filter(({ bot, end }) => bot === 'in process' && end.by === 'moment')
    const missed = STEPS.filter((step) => !dead.some((life) => way(life) === step))
    assert.deepEqual(missed, ['session.placed', 'command.started', 'command.ended'])
  })

  it('visits every way to die in the four seeds that CI takes on a folder, and in four of any other store', () => {
    assert.equal(waysOf('file', [1, 2, 3, 4]), 23)
    assert.equal(waysOf('http', [1, 2, 3, 4]), 23)
    assert.equal(waysOf('sql', [1, 2, 3, 4]), 23)
  })
})

/** The promise itself, in small; `.ci/run` makes six runs of thirty restarts, and `npm run chaos` longer ones. */
describe('chaos', { skip }, () => {
  it('keeps the session through restarts and kills', async () => {
    const { result, broken, log } = await chaos({ seed: 1, restarts: 6 })
    assert.deepEqual(broken, [], log.join('\n'))
    const { duplicates, logins, lostSaves, torn } = result
    const kept = { duplicates: 0, logins: 1, lostSaves: 0, torn: 0 }
    assert.deepEqual({ duplicates, logins, lostSaves, torn }, kept)
    assert.ok(result.kills > 0, 'nobody was killed')
    assert.ok(result.maxHandoverMs > 0, 'no handover was seen')
  })

  it('catches what a switched-off lease does', async () => {
    const { result, broken } = await chaos({ seed: 3, restarts: 9, leaseless: true })
    assert.ok(result.duplicates > 0)
    assert.match(broken.join('\n'), /AUTH_KEY_DUPLICATED/)
  })
})
