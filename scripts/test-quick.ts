import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * `npm run test:quick`: the tests that start no process and need no service. A test belongs to them unless something that
 * it imports, directly or through others, imports `node:child_process`.
 */
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g
const starts = new Map<string, boolean>()

function startsProcesses(file: string): boolean {
  const known = starts.get(file)
  if (known !== undefined) return known
  starts.set(file, false)
  const names = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, name = '']) => name)
  const found =
    names.includes('node:child_process') ||
    names.some((name) => name.startsWith('.') && isFile(file, name) && startsProcesses(resolve(file, name)))
  starts.set(file, found)
  return found
}

const resolve = (file: string, name: string): string => path.join(path.dirname(file), name)

const isFile = (file: string, name: string): boolean =>
  name.endsWith('.ts') && globSync(resolve(file, name)).length === 1

const quick = globSync('test/**/*.test.ts')
  .toSorted()
  .filter((file) => !startsProcesses(file))
const { status } = spawnSync(
  process.execPath,
  // Many of them wait on sockets: two cores are busy with four.
  ['--test', '--test-concurrency=4', '--test-timeout=120000', ...quick],
  { stdio: 'inherit', env: { NODE_COMPILE_CACHE: path.resolve('node_modules/.cache/test'), ...process.env } },
)
process.exitCode = status ?? 1
