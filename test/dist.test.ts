import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { describe, it } from 'node:test'
import { importIn } from './support/packages-loaded.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** What the build makes, as somebody has it who installed only what it depends on: a pruned dyno, a user of the package. */
const root = path.join(import.meta.dirname, '..')
const dist = path.join(root, 'dist')
const skip = existsSync(path.join(dist, 'scripts', 'bootstrap.js'))
  ? false
  : 'dist/ is not built (npm run build)'
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const installed = ['tgsession', ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]

const IMPORT =
  /^(?:(?:import|export)\b[^"']*?\bfrom|import)\s*["']([^"'.][^"']*)["']|\bimport\(\s*["']([^"'.][^"']*)["']/gm
const PACKAGE = /^(?:@[^/]+\/)?[^/]+/

/** Without the examples of declarations, which import what is not there. */
function withoutComments(file: string): string {
  const text = readFileSync(path.join(dist, file), 'utf8')
  return file.endsWith('.d.ts') ? text.replaceAll(/\/\*[^]*?\*\//g, '') : text
}

function packagesOf(files: string[]): Set<string> {
  const specifiers = files.flatMap((file) =>
    [...withoutComments(file).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? ''),
  )
  return new Set(specifiers.filter((name) => !isBuiltin(name)).map((name) => PACKAGE.exec(name)?.[0] ?? name))
}

/** The declarations that a user's compiler reads: those of the entries and what they import. */
function declarations(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = withoutComments(file)
  for (const [, name = ''] of text.matchAll(/["'](\.[^"']+)\.[tj]s["']/g))
    declarations(path.join(path.dirname(file), `${name}.d.ts`), seen)
  return seen
}

function clientsLoadedBy(entry: string): string[] {
  return importIn(root, entry).packages.filter((name) => name === 'telegram' || name === 'teleproto')
}

describe('dist/', { skip }, () => {
  it('asks for nothing that is not installed with it', () => {
    const used = packagesOf(globSync('**/*.js', { cwd: dist }))
    assert.ok(used.has('telegram') && used.has('sql.js'))
    assert.deepEqual(
      [...used].filter((name) => !installed.includes(name)),
      [],
    )
  })

  it('asks in its types for no client library but by the entries of the two', () => {
    for (const name of ['index', 'container', 'testing']) {
      const used = packagesOf([...declarations(`src/${name}.d.ts`)])
      assert.ok(!used.has('telegram') && !used.has('teleproto'), name)
    }
    assert.ok(!packagesOf([...declarations('src/gramjs.d.ts')]).has('teleproto'))
  })

  it('has types that ask for nothing else either', () => {
    const entries = ['index', 'container', 'gramjs', 'teleproto', 'testing'].map((name) => `src/${name}.d.ts`)
    const files = [...new Set(entries.flatMap((entry) => [...declarations(entry)]))]
    assert.ok(files.length > 50)
    assert.deepEqual(
      [...packagesOf(files)].filter((name) => !installed.includes(name)),
      [],
    )
  })

  it('leaves the clients to the user, and gives the licence of all that it holds', () => {
    const chunks = globSync('**/*.js', { cwd: dist }).map((file) =>
      readFileSync(path.join(dist, file), 'utf8'),
    )
    const inside = new Set(
      chunks.flatMap((text) =>
        [...text.matchAll(/^\/\/ (?:#region )?\S*node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(
          (match) => match[1] ?? '',
        ),
      ),
    )
    assert.ok(inside.has('@aws-sdk/client-s3'))
    assert.ok(!inside.has('telegram') && !inside.has('teleproto'))
    const notices = readFileSync(path.join(dist, 'src', 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    for (const name of inside)
      assert.match(
        notices,
        new RegExp(`^${name} \\d\\S* \\((MIT|ISC|Apache-2.0|BSD-\\d-Clause|0BSD)\\)$`, 'm'),
      )
  })

  it('loads a client library by the entries of the two only', () => {
    for (const entry of ['tgsession', 'tgsession/container', 'tgsession/testing'])
      assert.deepEqual(clientsLoadedBy(entry), [], entry)
    assert.deepEqual(clientsLoadedBy('tgsession/gramjs'), ['telegram'])
    assert.deepEqual(clientsLoadedBy('tgsession/teleproto'), ['teleproto'])
  })

  it('works where nothing else is installed', () => {
    const folder = temporaryFolder()
    cpSync(dist, path.join(folder, 'dist'), { recursive: true })
    cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'))
    for (const name of Object.keys(manifest.dependencies)) {
      const link = path.join(folder, 'node_modules', name)
      mkdirSync(path.dirname(link), { recursive: true })
      symlinkSync(path.join(root, 'node_modules', name), link)
    }
    const run = (...args: string[]): string => {
      const env = { PATH: process.env['PATH'], HOME: folder, TGSESSION_STORE: 'file:./store' }
      const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env })
      assert.equal(done.status, 0, done.stderr)
      return done.stdout
    }
    assert.match(run('dist/src/cli/main.js', 'keygen'), /^AGE-SECRET-KEY-1/)
    assert.match(run('dist/src/cli/main.js', '--help'), /Everyday:/)
    assert.deepEqual(JSON.parse(run('dist/src/cli/main.js', 'list', '--json')).sessions, [])
    const program = `const { SQLiteSession } = await import('tgsession/gramjs'); console.log(typeof SQLiteSession)`
    assert.equal(run('--input-type=module', '--eval', program), 'function\n')
  })
})
