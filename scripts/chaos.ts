// Proves the promise, from a built checkout:
// npm run chaos -- --seed 1 --restarts 100 [--store s3|ceph|postgres|URL] [--minutes 30] [--json]
import { parseArgs } from 'node:util'
import { chaos } from '../test/support/chaos/chaos.ts'
import { patched, RELEASES } from '../test/support/chaos/patched.ts'
import { BOTS, OF_OTHER_FAMILIES } from '../test/support/chaos/plan.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    restarts: { type: 'string', default: '30' },
    minutes: { type: 'string', default: '0' },
    store: { type: 'string' },
    bots: { type: 'string' },
    ttl: { type: 'string', default: '3' },
    beside: { type: 'string' },
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const chance = Math.floor(Math.random() * 1_000_000)
const [first, restarts, ttl] = [Number(values.seed ?? chance), Number(values.restarts), Number(values.ttl)]
const minutes = Number(values.minutes)
const ALL = [...BOTS, ...OF_OTHER_FAMILIES]
const named = values.bots?.split(',')
const bots = named === undefined ? [...BOTS] : ALL.filter((bot) => named.includes(bot))
const strange = named?.filter((name) => !ALL.some((bot) => bot === name)) ?? []
if (
  !Number.isInteger(first) ||
  !Number.isInteger(restarts) ||
  restarts < 1 ||
  !(ttl >= 2) ||
  !(minutes >= 0) ||
  bots.length === 0 ||
  strange.length > 0
) {
  console.error(`--seed and --restarts are whole numbers, for example --seed 1 --restarts 100;
--short leaves out the long lives; --minutes goes on with the next seeds for so long; --ttl is seconds, 2 or more; --beside is another built checkout, or one of ${Object.keys(RELEASES).join(',')}; --bots names some of ${ALL.join(',')}`)
  process.exit(64)
}
// What the caller keeps in his environment is for his own session.
for (const name of Object.keys(process.env)) if (/^TGSESSION_(?!TEST_)/.test(name)) delete process.env[name]

const release = RELEASES[values.beside ?? '']
const other = release === undefined ? undefined : await patched(release)
const until = performance.now() + minutes * 60_000
for (let seed = first, isWhole = true; isWhole && (seed === first || performance.now() < until); seed++)
  isWhole = await once(seed)
await other?.remove()

/** False for a run in which a promise was broken. */
async function once(seed: number): Promise<boolean> {
  console.error(`Seed ${seed}: npm run chaos -- ${commandLine(seed)}`)
  const { result, broken, plan, log, leftOut } = await chaos({
    seed,
    restarts,
    store: values.store,
    bots,
    ttlMs: ttl * 1000,
    withLong: !values.short,
    beside: other?.root ?? values.beside,
    progress: values.json ? undefined : (line) => console.error(line),
  })
  if (leftOut !== undefined) console.error(`LEFT OUT: ${leftOut}`)
  if (values.verbose || broken.length > 0) {
    for (const line of log) console.error(line)
    console.error(`The plan of seed ${seed}:`)
    for (const [n, life] of plan.lives.entries()) console.error(n + 1, JSON.stringify(life))
  }
  for (const promise of broken) console.error(`BROKEN: ${promise}`)
  if (broken.length > 0) console.error(`Again: npm run chaos -- ${commandLine(seed)}`)
  console.log(values.json ? JSON.stringify(result) : result)
  if (broken.length > 0) process.exitCode = 1
  return broken.length === 0
}

function commandLine(seed: number): string {
  const others = ['store', 'bots', 'ttl', 'beside'] as const
  const given = others.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [`--${name} '${value}'`]
  })
  return [`--seed ${seed} --restarts ${restarts}`, ...given, ...(values.short ? ['--short'] : [])].join(' ')
}
