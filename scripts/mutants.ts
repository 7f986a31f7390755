// Proves that chaos sees what it exists for: every patch of test/mutants breaks a promise, and chaos must catch it.
// npm run mutants -- --chaos [--some 3] [--only lease-no-end,…] [--write] [--verbose]
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { judge, readMutants } from '../test/support/chaos/mutants.ts'

const { values } = parseArgs({
  options: {
    chaos: { type: 'boolean', default: false },
    some: { type: 'string' },
    only: { type: 'string' },
    ttl: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const all = await readMutants()
const only = values.only?.split(',')
const some = Math.min(Number(values.some ?? all.length), all.length)
if (!values.chaos || !(some >= 1) || !(Number(values.ttl) >= 2)) {
  console.error(
    'npm run mutants -- --chaos [--some 3: those of the day] [--only name,name] [--write: into docs/chaos.md]',
  )
  process.exit(64)
}
const day = Math.floor(Date.now() / (24 * 60 * 60 * 1000))
const turn = Array.from({ length: some }, (_, n) => (day * some + n) % all.length)
const chosen = all.filter(({ name }, n) => only?.includes(name) ?? turn.includes(n))
const page = path.join(import.meta.dirname, '..', 'docs', 'chaos.md')

let escaped = 0
console.log('| mutant | what it does | store, seed | caught by |\n|---|---|---|---|')
for (const mutant of chosen) {
  if (values.verbose) console.error(`=== ${mutant.name}, ${new Date().toISOString()}`)
  const { outcome, isCaught, caughtBy } = await judge(mutant, Number(values.ttl) * 1000)
  const row = `| ${mutant.name} | ${mutant.what} | ${mutant.store}, ${mutant.seed} |`
  console.log(`${row} ${caughtBy} |`)
  if (!isCaught || values.verbose) for (const line of [...outcome.log, ...outcome.broken]) console.error(line)
  if (!isCaught) escaped++
  else if (values.write) writeRow(`| ${mutant.name} |`, `${row} ${caughtBy} |`)
}
if (escaped > 0) console.error(`ESCAPED: ${escaped} of ${chosen.length}`)
process.exitCode = escaped === 0 ? 0 : 1

/** In the place of the row that is there. */
function writeRow(start: string, row: string): void {
  const lines = readFileSync(page, 'utf8').split('\n')
  writeFileSync(page, lines.map((line) => (line.startsWith(start) ? row : line)).join('\n'))
}
