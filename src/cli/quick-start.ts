import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

/** Beside the built sources; made by the build (scripts/warm.ts), as a dyno's own disk is empty at every start. */
export const COMPILE_CACHE = path.join(import.meta.dirname, '..', '..', 'compile-cache')

/** Before anything large is imported: takes compiled code from the cache, where there is one. Saves a third of that. */
export function quickStart(): void {
  if (existsSync(COMPILE_CACHE)) enableCompileCache(COMPILE_CACHE)
}
