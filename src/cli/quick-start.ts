import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

/** Beside the built sources; made by the build (scripts/warm.ts), as a dyno's own disk is empty at every start. */
export const COMPILE_CACHE = path.join(import.meta.dirname, '..', '..', 'compile-cache')

/**
 * Before anything large is imported: takes compiled code from the cache, where there is one. Portable, since Heroku
 * builds in another folder than it runs in; Node 22 does not know that.
 */
export function quickStart(): void {
  if (!existsSync(COMPILE_CACHE)) return
  if (process.versions.node.startsWith('22.')) enableCompileCache(COMPILE_CACHE)
  else enableCompileCache({ directory: COMPILE_CACHE, portable: true })
}
