import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

/**
 * Who may import whom. A room is a folder of src/; a row names rooms or single files that it may use besides
 * itself, errors.ts and clock.ts. What stands nowhere here may import what it needs, and nobody imports it.
 */
const MAY_IMPORT: Record<string, string[]> = {
  'errors.ts': [],
  'clock.ts': [],
  session: [],
  store: [],
  telegram: ['session'],
  config: ['store', 'replica', 'session', 'container'],
  replica: ['store/store.ts', 'store/probe.ts'],
  login: ['telegram', 'session'],
  container: [
    'session',
    'store',
    'replica/head.ts',
    'replica/kept-session.ts',
    'replica/lease.ts',
    'replica/lease-record.ts',
    'replica/take-lease.ts',
    'replica/login-log.ts',
    'replica/refusals.ts',
    'replica/secret-bytes.ts',
  ],
  run: ['config', 'replica', 'session', 'telegram'],
  'fake-dc': [],
}
const LEAVES = ['errors.ts', 'clock.ts']
const NOT_EVEN_LEAVES = [...LEAVES, 'fake-dc']
const NOBODY_IMPORTS = ['cli', 'index.ts', 'container.ts', 'teleproto.ts', 'testing.ts']

const source = path.join(import.meta.dirname, '..', 'src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(path.sep).join('/'))
  .toSorted()

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|\bimport\s*\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s*'([^']+)'/g

/** Every specifier that a source names: static, dynamic, type-only, re-exported. */
function specifiers(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

const graph = new Map(
  files.map((file) => [
    file,
    specifiers(readFileSync(path.join(source, file), 'utf8'))
      .filter((name) => name.startsWith('.'))
      .map((name) => path.posix.join(path.posix.dirname(file), name)),
  ]),
)
const withoutComments = (file: string): string =>
  readFileSync(path.join(source, file), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')
const room = (file: string): string => file.split('/')[0]!

describe('the house', () => {
  it('reads imports of every form', () => {
    const text = [
      `import a from './a.ts'`,
      `import {\n  b,\n} from './b.ts'`,
      `export * from './c.ts'`,
      `import type { D } from './d.ts'`,
      `const e = await import('./e.ts')`,
      `import './f.ts'`,
    ].join('\n')
    assert.deepEqual(specifiers(text).toSorted(), [
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
      './f.ts',
    ])
  })

  it('holds every file that is imported', () => {
    for (const [file, targets] of graph)
      for (const target of targets)
        assert.ok(graph.has(target), `${file} imports ${target}, which is not in src/`)
  })

  it('keeps to the import table', () => {
    const broken: string[] = []
    for (const [file, targets] of graph) {
      const from = room(file)
      for (const target of targets) {
        const to = room(target)
        if (from === to) continue
        if (NOBODY_IMPORTS.includes(to)) broken.push(`${file} → ${target} (nobody imports ${to})`)
        const allowed = MAY_IMPORT[from]
        if (allowed === undefined) continue
        const leaf = LEAVES.includes(to) && !NOT_EVEN_LEAVES.includes(from)
        if (!leaf && !allowed.includes(to) && !allowed.includes(target)) broken.push(`${file} → ${target}`)
      }
    }
    assert.deepEqual(broken, [])
  })

  it('has no import cycle', () => {
    const state = new Map<string, 'open' | 'done'>()
    const visit = (file: string, trail: string[]): void => {
      if (state.get(file) === 'done') return
      const cycle = [...trail.slice(Math.max(trail.indexOf(file), 0)), file].join(' → ')
      assert.notEqual(state.get(file), 'open', `import cycle: ${cycle}`)
      state.set(file, 'open')
      for (const target of graph.get(file) ?? []) visit(target, [...trail, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
  })

  it('reads the environment and the command line in cli only', () => {
    const readers = files.filter(
      (file) => room(file) !== 'cli' && /\bprocess\.(env|argv)\b/.test(withoutComments(file)),
    )
    assert.deepEqual(readers, [])
  })
})
