import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, it } from 'node:test'

const root = path.join(import.meta.dirname, '..', '..')

/** Runs `code` in a process in which the module that `pattern` matches has this source. */
function runWith(
  pattern: string,
  source: string,
  code: string,
): { code: string; message: string; hint: string } {
  const hook = `
    import { registerHooks } from 'node:module'
    registerHooks({
      load: (url, context, next) =>
        /${pattern}/.test(url)
          ? { format: 'commonjs', source: ${JSON.stringify(source)}, shortCircuit: true }
          : next(url, context),
    })
    try {
      ${code}
      console.log('{}')
    } catch ({ code, message, hint }) {
      console.log(JSON.stringify({ code, message, hint }))
    }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', hook], {
    cwd: root,
    encoding: 'utf8',
  })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout)
}

const version = (text: string): string => `exports.version = '${text}'`

describe('what is installed beside us', () => {
  for (const [folder, library, known] of [
    ['gramjs', 'telegram', '2.26'],
    ['teleproto', 'teleproto', '1.229'],
  ] as const)
    it(`is ${library} in a version that is known to work, or is refused at the first use`, () => {
      const code = `
        const { clientOptions } = await import('./src/clients/${folder}/client-options.ts')
        clientOptions({})`
      const pattern = `node_modules.${library}.Version\\.js`
      assert.deepEqual(runWith(pattern, version('9.1.0'), code), {
        code: 'client.unsupported_version',
        message: `${library} 9.1.0 is installed; ${known}.x is known to work`,
        hint: `npm install ${library}@~${known}`,
      })
      assert.deepEqual(runWith(pattern, version(`${known}.999`), code), {})
    })

  it('is sql.js, or a session fails when it is loaded, and not when it is saved', () => {
    const code = `
      const { SQLiteSession } = await import('./src/clients/gramjs/sqlite-session.ts')
      await new SQLiteSession().load()`
    const told = runWith('node_modules.sql\\.js.', `throw new Error('no sql-wasm.wasm')`, code)
    assert.equal(told.code, 'session.no_sqlite')
    assert.match(told.hint, /--external:sql\.js/)
  })
})
