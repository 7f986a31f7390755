import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { seededRandom } from '../support/sim-clock.ts'
import { chaos, type ChaosOutcome } from '../support/chaos.ts'
import { type Life, planLives } from '../support/chaos-plan.ts'
import { ROOT } from '../support/dyno.ts'

const skip = existsSync(path.join(ROOT, 'dist/scripts/bootstrap.js'))
  ? false
  : 'dist/ is not built (npm run build)'

function plan(seed: number, store: 'file' | 'http' = 'file'): Life[] {
  return planLives(40, { seed, random: seededRandom(seed), store })
}

function assertKept({ result, broken, log }: ChaosOutcome): void {
  assert.deepEqual(broken, [], log.slice(-80).join('\n'))
  const { duplicates, logins, lostSaves, torn } = result
  assert.deepEqual(
    { duplicates, logins, lostSaves, torn },
    { duplicates: 0, logins: 1, lostSaves: 0, torn: 0 },
  )
}

/** The promise itself; `npm run chaos` makes longer runs of the same. */
describe('chaos', () => {
  it('plans the same lives for the same seed, a quarter of them killed', () => {
    assert.deepEqual(plan(7), plan(7))
    assert.notDeepEqual(plan(7), plan(8))
    assert.equal(plan(7).filter(({ end }) => end.by !== 'term').length, 10)
  })

  it('visits every way to die within a few seeds', () => {
    for (const store of ['file', 'http'] as const) {
      const ends = [1, 2, 3, 4].flatMap((seed) => plan(seed, store))
      const ways = new Set(ends.map(({ end }) => (end.by === 'moment' ? end.at : end.by)))
      assert.equal(ways.size, 18, [...ways].join(', '))
    }
  })

  it('keeps the session through restarts and kills, in a folder', { skip, timeout: 120_000 }, async () => {
    const outcome = await chaos({ seed: 1, restarts: 9, freezes: 0 })
    assertKept(outcome)
    assert.ok(outcome.result.kills > 0, 'nobody was killed')
    assert.ok(outcome.result.maxHandoverMs > 0, 'no hand-over was seen')
  })

  it('keeps it over a bad network to S3', { skip, timeout: 120_000 }, async () => {
    const outcome = await chaos({ seed: 2, restarts: 9, store: 's3', freezes: 0 })
    assertKept(outcome)
    assert.ok(outcome.result.faults > 0, 'nothing went wrong on the network')
  })

  it('catches what a switched-off lease does', { skip, timeout: 60_000 }, async () => {
    const { result, broken } = await chaos({ seed: 3, restarts: 9, leaseless: true })
    assert.ok(result.duplicates > 0)
    assert.match(broken.join('\n'), /AUTH_KEY_DUPLICATED/)
  })
})
