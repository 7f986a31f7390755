import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { COMPILER_OPTIONS, ENTRIES, ROOT, typeErrors } from '../../../scripts/surface/declarations.ts'
import type { Surface } from '../../../scripts/surface/read-surface.ts'
import { openReplica } from '../../../src/config/open-replica.ts'
import { readSettings } from '../../../src/config/settings.ts'
import type { FakeDc } from '../../../src/fake-dc/fake-dc.ts'
import { storeFolder } from '../../session/fuzz-sources.ts'
import { ACCOUNT, API_HASH, API_ID, makeSession, startDc } from '../../support/rig.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import type { Ran } from './examples-process.ts'

/** What a person types after a question that begins so. */
const ANSWERS: [question: RegExp, answer: string][] = [
  [/^Phone number/, ACCOUNT.phone],
  [/^Code/, ACCOUNT.code],
  [/^Password/, ACCOUNT.password],
]
const KEY = '5a'.repeat(32)
const EXAMPLES_MS = 120_000

interface Ended {
  ran: Map<string, Ran>
  status: unknown
  said: string
}

/** Compiles the examples against the folder of `emitDeclarations`, and runs them in one process. */
export function examplesWork(examples: Surface['examples'], declarations: string): void {
  describe('the examples of the docblocks', () => {
    const folder = temporaryFolder()
    const prepared = path.join(folder, 'prepared')
    const folders = examples.map((_, number) => path.join(folder, String(number)))
    let dc: FakeDc
    let ended: Ended

    before(async () => {
      dc = await startDc()
      await prepare(dc, prepared)
      symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
      writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
      for (const [number, { code }] of examples.entries()) {
        const cwd = folders[number] ?? ''
        cpSync(prepared, cwd, { recursive: true })
        // A login wants a name that has no session yet.
        if (code.includes('logIn(')) rmSync(path.join(cwd, 'store'), { recursive: true })
        writeFileSync(path.join(cwd, 'example.ts'), `${code}\nexport {}\n`)
      }
      ended = await run(folders, dc)
    })
    after(() => dc.close())

    it('compile as a user compiles them', () => {
      assert.ok(examples.length > 25)
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
    })

    for (const [number, { name }] of examples.entries())
      it(`runs: ${name}`, () => {
        const ran = ended.ran.get(folders[number] ?? '')
        assert.ok(ran, ended.said)
        assert.equal(ran.error, undefined)
      })

    it('leave nothing behind that keeps their process alive', () => assert.equal(ended.status, 0, ended.said))
  })
}

/** What the examples find in their working directory. */
async function prepare(dc: FakeDc, prepared: string): Promise<void> {
  for (const name of ['sessions', 'gramjs-session']) mkdirSync(path.join(prepared, name), { recursive: true })
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
}

/** With a person at its terminal. */
async function run(folders: string[], { port, publicKeyPem }: FakeDc): Promise<Ended> {
  const child = fork(path.join(import.meta.dirname, 'examples-process.ts'), folders, {
    silent: true,
    execArgv: [],
    timeout: EXAMPLES_MS,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      DC_PORT: String(port),
      DC_KEY: publicKeyPem,
      TGSESSION_STORE: 'file:./store',
      TGSESSION_KEY: KEY,
      TELEGRAM_API_ID: String(API_ID),
      TELEGRAM_API_HASH: API_HASH,
    },
  })
  const ran = new Map<string, Ran>()
  child.on('message', (message: Ran) => ran.set(message.folder, message))
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      const answer = ANSWERS.find(([question]) => question.test(chunk))?.[1]
      if (answer !== undefined) child.stdin?.write(`${answer}\n`)
    })
  const [status]: unknown[] = await once(child, 'close')
  return { ran, status, said }
}
