#!/usr/bin/env node
import { versionProblem } from '../base/node-version.ts'

// Nothing else is imported before the version is checked: an older Node fails while linking, with a message for nobody.
const problem = versionProblem(process.versions.node)
if (problem !== undefined) {
  console.error(problem)
  process.exit(78)
}
const { quickStart } = await import('./quick-start.ts')
quickStart()
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2))
