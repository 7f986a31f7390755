// The last step of the build: compiles once what a dyno loads at its start, and keeps that in dist/compile-cache.
import { mkdirSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { COMPILE_CACHE, quickStart } from '../src/cli/quick-start.ts'

mkdirSync(COMPILE_CACHE, { recursive: true })
quickStart()
await import('../src/cli/program.ts')
await import('../src/store/s3-sdk.ts')
await import('../src/index.ts')
await import('telegram/events/index.js')
flushCompileCache()
