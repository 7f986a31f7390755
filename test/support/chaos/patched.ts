import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../cli/dyno.ts'

const run = promisify(execFile)

/** What a later release may do: it writes fields into the head that this one does not know. */
const releases = path.join(ROOT, 'test', 'releases')
/** Other releases than this one, made of it. */
export const RELEASES: Readonly<Record<string, string>> = {
  next: path.join(releases, 'next.patch'),
  whole: path.join(releases, 'whole.patch'),
}

/** A built copy of this checkout with a patch in it. */
export async function patched(patch: string): Promise<{ root: string; remove: () => Promise<void> }> {
  const root = await mkdtemp(path.join(tmpdir(), 'tgsession-patched-'))
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true })
  try {
    for (const name of ['src', 'scripts', 'examples', 'package.json', 'Procfile', 'tsconfig.json'])
      await cp(path.join(ROOT, name), path.join(root, name), { recursive: true })
    for (const name of ['node_modules', 'test']) await symlink(path.join(ROOT, name), path.join(root, name))
    // Whatever repository the folder for temporary files may lie in is none of its business.
    const env = { ...process.env, GIT_DIR: path.join(root, '.none') }
    await run('git', ['apply', patch], { cwd: root, env })
    await run(process.execPath, ['scripts/bundle.ts'], { cwd: root })
    return { root, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Throws where the patch does not fit this checkout any more. */
export async function checkPatch(patch: string): Promise<void> {
  await run('git', ['apply', '--check', patch], { cwd: ROOT })
}
