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
const names = []
for (const entry of JSON.parse(process.env.ENTRIES)) names.push(...Object.keys(await import(entry)))
console.log(JSON.stringify({ names, packages: [...packages] }))`

/** What a fresh process gets, and which installed packages it reads, when it imports `entries` from the folder `cwd`. */
export function importIn(cwd: string, ...entries: string[]): { names: string[]; packages: string[] } {
  const done = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ENTRIES: JSON.stringify(entries) },
  })
  if (done.status !== 0) throw new Error(done.stderr)
  return JSON.parse(done.stdout)
}
