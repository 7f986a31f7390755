// The last step of the build: compiles once what a dyno loads at its start, and keeps that in dist/compile-cache.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { COMPILE_CACHE } from '../src/cli/quick-start.ts'

const source = path.join(import.meta.dirname, '..', 'src')
const modules = [
  path.join(source, 'cli', 'program.js'),
  path.join(source, 'index.js'),
  '@aws-sdk/client-s3',
  'telegram/events/index.js',
]
mkdirSync(COMPILE_CACHE, { recursive: true })
const script = modules.map((name) => `await import(${JSON.stringify(name)})`).join('\n')
const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
  cwd: path.dirname(source),
  env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
