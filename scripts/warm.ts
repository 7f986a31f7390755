// The last step of the build: compiles once what a dyno loads at its start, and keeps that in dist/compile-cache. For this
// Node, which in npm's scripts is that of the `node` package, and for the host's own, which is the one that a dyno has.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import path from 'node:path'
import { COMPILE_CACHE, quickStart } from '../src/cli/quick-start.ts'

mkdirSync(COMPILE_CACHE, { recursive: true })
quickStart()
await import('../src/cli/program.ts')
await import('../src/store/s3/sdk.ts')
await import('../src/gramjs.ts')
await import('telegram/events/index.js')
flushCompileCache()

const own = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .filter((folder) => !folder.split(path.sep).includes('node_modules'))
  .map((folder) => path.join(folder, 'node'))
  .find((file) => existsSync(file))
// One that is too old to run us fails at once, and is not needed.
if (own !== undefined && process.argv[2] !== 'host')
  spawnSync(own, [import.meta.filename, 'host'], { stdio: 'ignore' })
