// Proves the promise, from a built checkout:
// npm run chaos -- --seed 1 --restarts 100 [--store s3|ceph|postgres|URL] [--json]
import { parseArgs } from 'node:util'
import { chaos } from '../test/support/chaos/chaos.ts'
import { BOTS } from '../test/support/chaos/plan.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    restarts: { type: 'string', default: '30' },
    store: { type: 'string' },
    bots: { type: 'string' },
    ttl: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const [seed, restarts, ttl] = [Number(values.seed), Number(values.restarts), Number(values.ttl)]
const bots = BOTS.filter((bot) => values.bots?.split(',').includes(bot) ?? true)
if (
  !Number.isInteger(seed) ||
  !Number.isInteger(restarts) ||
  restarts < 1 ||
  !(ttl >= 2) ||
  bots.length === 0
) {
  console.error(`--seed and --restarts are whole numbers, for example --seed 1 --restarts 100;
--ttl is seconds, 2 or more; --bots names some of ${BOTS.join(',')}`)
  process.exit(64)
}
const { result, broken, plan, log, leftOut } = await chaos({
  seed,
  restarts,
  store: values.store,
  bots,
  ttlMs: ttl * 1000,
  progress: values.json ? undefined : (line) => console.error(line),
})
if (leftOut !== undefined) console.error(`LEFT OUT: ${leftOut}`)
if (values.verbose || broken.length > 0) {
  for (const line of log) console.error(line)
  console.error(`The plan of seed ${seed}:`)
  for (const [n, life] of plan.lives.entries()) console.error(n + 1, JSON.stringify(life))
}
for (const promise of broken) console.error(`BROKEN: ${promise}`)
if (broken.length > 0) console.error(`Again: npm run chaos -- ${process.argv.slice(2).join(' ')}`)
console.log(values.json ? JSON.stringify(result) : result)
process.exitCode = broken.length === 0 ? 0 : 1
