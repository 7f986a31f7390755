#!/usr/bin/env node
// Nothing is imported before the version is checked: an older Node fails while linking, with a message for nobody.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`tgsession needs Node.js 22.19 or newer; this is ${process.versions.node}.`)
  process.exit(78)
}
const { quickStart } = await import('./quick-start.ts')
quickStart()
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv.slice(2))
