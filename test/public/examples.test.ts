import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  COMPILER_OPTIONS,
  emitDeclarations,
  ENTRIES,
  ROOT,
  typeErrors,
} from '../../scripts/surface/declarations.ts'
import { readSurface } from '../../scripts/surface/read-surface.ts'
import { openReplica } from '../../src/config/open-replica.ts'
import { readSettings } from '../../src/config/settings.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { storeFolder } from '../session/fuzz-sources.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, startDc } from '../support/rig.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What a person types after a question that begins so. */
const ANSWERS: [question: RegExp, answer: string][] = [
  [/^Phone number/, ACCOUNT.phone],
  [/^Code/, ACCOUNT.code],
  [/^Password/, ACCOUNT.password],
]
const KEY = '5a'.repeat(32)
const EXAMPLE_MS = 60_000

/** In the process of an example: our entries from their sources, and the test's data centre in the place of Telegram's. */
const PRELOAD = `
import { registerHooks } from 'node:module'
import { Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
const { ROOT, ENTRIES, LIBRARIES, DC_PORT, DC_KEY } = process.env
const entries = JSON.parse(ENTRIES)
registerHooks({
  resolve: (specifier, context, next) =>
    Object.hasOwn(entries, specifier)
      ? { url: String(pathToFileURL(ROOT + '/src/' + entries[specifier] + '.ts')), shortCircuit: true }
      : next(specifier, context),
})
const { connect } = Socket.prototype
Socket.prototype.connect = function (...args) {
  return args[0] === 443 ? connect.call(this, Number(DC_PORT), '127.0.0.1', ...args.slice(2)) : connect.apply(this, args)
}
for (const name of JSON.parse(LIBRARIES))
  (await import(ROOT + '/src/clients/' + name + '/library.ts')).addServerKey(DC_KEY)
`

describe('the examples of the docblocks', () => {
  const { examples } = readSurface()
  const folder = temporaryFolder()
  const prepared = path.join(folder, 'prepared')
  let dc: FakeDc

  before(async () => {
    dc = await startDc()
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(path.join(folder, 'preload.js'), PRELOAD)
    for (const name of ['sessions', 'gramjs-session'])
      mkdirSync(path.join(prepared, name), { recursive: true })
    copyFileSync(path.join(ROOT, 'examples/own-storage.ts'), path.join(prepared, 'own-storage.ts'))
    for (const name of ['anon', 'sessions/bob'])
      writeFileSync(path.join(prepared, `${name}.session`), await makeSession(dc))
    for (const [name, text] of Object.entries(storeFolder()))
      writeFileSync(path.join(prepared, 'gramjs-session', name), text)
    const store = `file:${path.join(prepared, 'store')}`
    const replica = await openReplica(
      await readSettings({ TGSESSION_STORE: store, TGSESSION_KEY: KEY }, { store: true }),
    )
    await replica.push(await makeSession(dc))
    await replica.close()
  })
  after(() => dc.close())

  it('compile as a user compiles them', () => {
    assert.ok(examples.length > 25)
    const declarations = emitDeclarations()
    try {
      const project = path.join(declarations, 'examples')
      mkdirSync(project)
      copyFileSync(path.join(ROOT, 'examples/own-storage.ts'), path.join(project, 'own-storage.ts'))
      for (const { name, code } of examples)
        writeFileSync(path.join(project, `${name.replaceAll(/\W+/g, '-')}.ts`), `${code}\nexport {}\n`)
      const paths = Object.fromEntries(
        Object.entries(ENTRIES).map(([entry, file]) => [entry, [`../src/${file}.d.ts`]]),
      )
      const compilerOptions = { ...COMPILER_OPTIONS, noEmit: true, allowImportingTsExtensions: true, paths }
      writeFileSync(
        path.join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: ['*.ts'] }),
      )
      assert.equal(typeErrors('-p', project), '')
    } finally {
      rmSync(declarations, { recursive: true, force: true })
    }
  })

  for (const [number, { name, code }] of examples.entries())
    it(`runs: ${name}`, async () => {
      const cwd = path.join(folder, String(number))
      cpSync(prepared, cwd, { recursive: true })
      // A login wants a name that has no session yet.
      if (code.includes('logIn(')) rmSync(path.join(cwd, 'store'), { recursive: true })
      writeFileSync(path.join(cwd, 'example.ts'), `${code}\nexport {}\n`)
      const libraries = ['gramjs', 'teleproto'].filter(
        (library) =>
          code.includes(`tgsession/${library}`) || (library === 'gramjs' && code.includes('logIn(')),
      )
      const { status, said } = await run(cwd, libraries, dc)
      assert.equal(status, 0, said)
    })
})

/** With a person at its terminal. */
async function run(
  cwd: string,
  libraries: string[],
  { port, publicKeyPem }: FakeDc,
): Promise<{ status: unknown; said: string }> {
  const child = spawn(process.execPath, ['--import', '../preload.js', 'example.ts'], {
    cwd,
    timeout: EXAMPLE_MS,
    env: {
      PATH: process.env['PATH'],
      ROOT,
      ENTRIES: JSON.stringify(ENTRIES),
      LIBRARIES: JSON.stringify(libraries),
      DC_PORT: String(port),
      DC_KEY: publicKeyPem,
      TGSESSION_STORE: 'file:./store',
      TGSESSION_KEY: KEY,
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      const answer = ANSWERS.find(([question]) => question.test(chunk))?.[1]
      if (answer !== undefined) child.stdin.write(`${answer}\n`)
    })
  const [status]: unknown[] = await once(child, 'close')
  return { status, said }
}
