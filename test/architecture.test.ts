import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

/**
 * The rooms of src/, and what each may import besides itself: rooms, sub-rooms or single files. The longest row that a
 * file's path begins with applies to it. Entry points and `cli` may import anything; nobody imports them.
 */
const MAY_IMPORT: Record<string, string[]> = {
  base: [],
  lease: ['base'],
  seal: ['base'],
  sql: ['base'],
  store: ['sql/location.ts', 'base'],
  'store/sql': ['store/store.ts', 'store/shared', 'sql', 'base'],
  'store/file': ['store/store.ts', 'store/shared', 'base'],
  'store/memory': ['store/store.ts', 'store/shared', 'base'],
  'store/http': ['store/store.ts', 'store/shared', 'base'],
  'store/s3': ['store/store.ts', 'store/shared', 'store/http', 'base'],
  'store/firebase': ['store/store.ts', 'store/shared', 'store/http', 'base'],
  'session/core': ['base'],
  'session/sqlite': ['session/core', 'base'],
  'session/formats': ['session/core', 'session/sqlite', 'base'],
  session: ['base'],
  'telegram/client': ['session/core', 'base'],
  'telegram/updates': ['telegram/client', 'session/core', 'base'],
  replica: ['lease', 'seal', 'store/store.ts', 'store/probe.ts', 'base'],
  container: ['session', 'lease', 'sql', 'seal/secret-bytes.ts', 'base'],
  clients: ['session', 'telegram', 'container', 'lease', 'base'],
  login: ['clients/gramjs', 'telegram', 'session', 'lease', 'base'],
  config: ['store', 'replica', 'seal', 'lease', 'session', 'base'],
  http: ['base'],
  run: [
    'config',
    'replica',
    'lease',
    'clients',
    'login',
    'session',
    'telegram',
    'http',
    'seal/free.ts',
    'base',
  ],
  web: ['login', 'http', 'config', 'replica', 'store/store.ts', 'base'],
  'fake-dc': [],
}
const NOBODY_IMPORTS = /^(?:cli\/|[^/]+\.ts$)/
/** Where a `_private` member of a client library may be named. */
const PRIVATE_DOORS = [
  'telegram/client/internals.ts',
  'clients/gramjs/library.ts',
  'clients/teleproto/library.ts',
]
const MOST_FILES = 16

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

const text = (file: string): string => readFileSync(path.join(source, file), 'utf8')
const graph = new Map(
  files.map((file) => [
    file,
    specifiers(text(file))
      .filter((name) => name.startsWith('.'))
      .map((name) => path.posix.join(path.posix.dirname(file), name)),
  ]),
)
const withoutComments = (file: string): string => text(file).replaceAll(/\/\*[^]*?\*\//g, '')
const isIn = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`)
const ruleOf = (file: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .filter((place) => isIn(file, place))
    .toSorted((a, b) => b.length - a.length)[0]

const namesIn = (folder: string): string[] =>
  files.filter((file) => isIn(file, folder)).map((file) => path.basename(file))

describe('the house', () => {
  it('reads imports of every form', () => {
    const forms = [
      `import a from './a.ts'`,
      `import {\n  b,\n} from './b.ts'`,
      `export * from './c.ts'`,
      `import type { D } from './d.ts'`,
      `const e = await import('./e.ts')`,
      `import './f.ts'`,
    ].join('\n')
    assert.deepEqual(
      specifiers(forms).toSorted(),
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `./${name}.ts`),
    )
  })

  it('holds every file that is imported', () => {
    for (const [file, targets] of graph)
      for (const target of targets)
        assert.ok(graph.has(target), `${file} imports ${target}, which is not in src/`)
  })

  it('keeps to the import rules', () => {
    const broken: string[] = []
    for (const [file, targets] of graph) {
      const rule = ruleOf(file)
      if (rule === undefined && !NOBODY_IMPORTS.test(file)) broken.push(`${file} stands in no room`)
      for (const target of targets) {
        if (rule === undefined) continue
        if (NOBODY_IMPORTS.test(target)) broken.push(`${file} → ${target} (an entry point)`)
        else if (!isIn(target, rule) && !MAY_IMPORT[rule]!.some((place) => isIn(target, place)))
          broken.push(`${file} → ${target}`)
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

  it('mirrors the two client libraries file by file', () => {
    assert.deepEqual(namesIn('clients/gramjs'), namesIn('clients/teleproto'))
  })

  it('names private members of a client library in its internals only', () => {
    const named = files.filter(
      (file) =>
        /^(?:telegram|clients|login|run)\//.test(file) &&
        !PRIVATE_DOORS.includes(file) &&
        /\._[a-z]\w*/i.test(withoutComments(file)),
    )
    assert.deepEqual(named, [])
  })

  it('keeps folders small enough to be read at a glance', () => {
    const count = Map.groupBy(files, (file) => path.posix.dirname(file))
    const crowded = [...count].filter(([, inside]) => inside.length > MOST_FILES)
    assert.deepEqual(
      crowded.map(([folder, inside]) => `${folder}: ${inside.length}`),
      [],
    )
  })

  it('keeps what only Linux has to the room of the command, and to base', () => {
    const named = files.filter(
      (file) =>
        !isIn(file, 'run/command') &&
        !isIn(file, 'base') &&
        /\/proc\b|\/bin\/sh\b|\bsetpriv\b/.test(withoutComments(file)),
    )
    assert.deepEqual(named, [])
  })

  it('reads the environment and the command line in cli only', () => {
    const readers = files.filter(
      (file) => !isIn(file, 'cli') && /\bprocess\.(env|argv)\b/.test(withoutComments(file)),
    )
    assert.deepEqual(readers, [])
  })
})
