// Proves the promise, from a built checkout: npm run chaos -- --seed 1 --restarts 100 [--store s3|postgres|URL] [--json]
import { parseArgs } from 'node:util'
import { chaos } from '../test/support/chaos.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    restarts: { type: 'string', default: '30' },
    store: { type: 'string' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const [seed, restarts] = [Number(values.seed), Number(values.restarts)]
if (!Number.isInteger(seed) || !Number.isInteger(restarts) || restarts < 1) {
  console.error('--seed and --restarts are whole numbers, for example --seed 1 --restarts 100')
  process.exit(64)
}
const { result, broken, log } = await chaos({
  seed,
  restarts,
  store: values.store,
  progress: values.json ? undefined : (line) => console.error(line),
})
if (values.verbose || broken.length > 0) for (const line of log) console.error(line)
for (const promise of broken) console.error(`BROKEN: ${promise}`)
console.log(values.json ? JSON.stringify(result) : result)
process.exitCode = broken.length === 0 ? 0 : 1
