import { globSync, statSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..', '..', '..')
const newest = (pattern: string): number =>
  Math.max(0, ...globSync(pattern, { cwd: ROOT }).map((file) => statSync(path.join(ROOT, file)).mtimeMs))

/** The `tgsession` command: what users start, if the build is as new as the sources; else the sources. */
export const MAIN = path.join(
  ROOT,
  newest('dist/src/cli/main.js') > newest('src/**/*.ts') ? 'dist/src/cli/main.js' : 'src/cli/main.ts',
)
