import { spawnSync } from 'node:child_process'
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const ROOT = path.join(import.meta.dirname, '..', '..')
/** The entries, as `package.json` names them and as their files are called. */
export const ENTRIES = {
  tgsession: 'index',
  'tgsession/gramjs': 'gramjs',
  'tgsession/teleproto': 'teleproto',
  'tgsession/container': 'container',
  'tgsession/testing': 'testing',
} as const
export const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2024', 'esnext.disposable'],
  types: ['node'],
}

/** A folder, to be removed by the caller, with what a user's compiler reads of us: `src/*.d.ts`, and `tsconfig.json`. */
export function emitDeclarations(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-surface-'))
  const files = Object.values(ENTRIES)
  const build = {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      // `npm run check` does.
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      rootDir: ROOT,
      outDir: folder,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    },
    include: [],
    files: files.map((name) => path.join(ROOT, `src/${name}.ts`)),
  }
  writeFileSync(path.join(folder, 'build.json'), JSON.stringify(build))
  compile('-p', path.join(folder, 'build.json'))
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  const read = { compilerOptions: COMPILER_OPTIONS, files: files.map((name) => `src/${name}.d.ts`) }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(read))
  return folder
}

/** What the compiler said; '' if it is content. */
export function typeErrors(...args: string[]): string {
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc')
  const { stdout, stderr, status } = spawnSync(tsc, args, { encoding: 'utf8' })
  return status === 0 ? '' : stdout + stderr
}

function compile(...args: string[]): void {
  const said = typeErrors(...args)
  if (said !== '') throw new Error(said)
}
