#!/usr/bin/env node
import { versionProblem } from '../base/node-version.ts'

// Nothing else is imported before the version is checked: an older Node fails while linking, with a message that helps nobody.
const problem = versionProblem(process.versions.node)
if (problem !== undefined) {
  console.error(problem)
  process.exit(78)
}
const { quickStart } = await import('./quick-start.ts')
quickStart()
const { main } = await import('./program.ts')
const code = await main(process.argv.slice(2))
// 69 if the answer could not be written: that counts more than that it went well.
process.exitCode ||= code
