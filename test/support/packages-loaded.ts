import { spawnSync } from 'node:child_process'

/** Watches what is resolved, then imports. */
const PROGRAM = `
import { registerHooks } from 'node:module'
const packages = new Set()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const name = /^.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(resolved.url)?.[1]
    if (name !== undefined) packages.add(name)
    return resolved
  },
})
const entry = await import(process.env.ENTRY)
console.log(JSON.stringify({ names: Object.keys(entry), packages: [...packages] }))`

/** What a fresh process gets, and which installed packages it reads, when it imports `entry` from the folder `cwd`. */
export function importIn(cwd: string, entry: string): { names: string[]; packages: string[] } {
  const done = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ENTRY: entry },
  })
  if (done.status !== 0) throw new Error(done.stderr)
  return JSON.parse(done.stdout)
}
