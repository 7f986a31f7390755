import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = path.join(import.meta.dirname, '../..')
const tsc = path.join(root, 'node_modules/.bin/tsc')

const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2024', 'esnext.disposable'],
  types: ['node'],
  noEmit: true,
}

/** Names that `use` both libraries' classes the same way. */
const user = (library: string, entry: string): string => `
import { TelegramClient } from '${library}'
import { AuthKey } from '${library}/crypto/AuthKey.js'
import { Api } from '${library}/tl/index.js'
import { clientOptions, connectClient, disconnectClient, openSession, trackUpdates } from '${entry}'
import { convertToString, inspectSession, type SessionStorage } from '../dist/src/index.js'
import { MemorySession, SQLiteSession, type OpenSession } from '${entry}'

const session = new SQLiteSession('anon', { saveEntities: false, onError: (error) => console.error(error) })
const client = new TelegramClient(session, 1, 'hash', {})
await client.session.load()
session.setAuthKey(new AuthKey(Buffer.alloc(256)))
await session.save()
const names: string[] = await SQLiteSession.listSessions()
const photo: Api.InputPhoto | undefined = session.getFile(Buffer.alloc(16), 1, Api.InputPhoto)
const states: [bigint, { pts: number }][] = session.getUpdateStates()
const copy: SQLiteSession = await session.clone()
const { keyFingerprint } = await inspectSession(Buffer.from(await convertToString(await session.toBytes(), 'telethon')))
await session.close()

declare const storage: SessionStorage
class Own extends MemorySession {
  override async load(): Promise<void> {
    await super.load()
  }
}
new TelegramClient(new Own({ storage }), 1, 'hash', {})
console.log(names, photo, states, copy, keyFingerprint)

const opened: OpenSession = await openSession(process.env)
const other = new TelegramClient(opened.session, 1, 'hash', clientOptions(opened.session, { deviceModel: 'mine' }))
opened.attach(other)
const tracker = trackUpdates(client, session, { catchUp: true })
await connectClient(client, { timeoutMs: 1 })
const fetched: number = await tracker.start()
await disconnectClient(client)
console.log(fetched)
`

describe('the types of a user with strict and without skipLibCheck', () => {
  const folder = temporaryFolder()

  before(() => {
    const build = {
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        // `npm run check` does.
        noCheck: true,
        declaration: true,
        emitDeclarationOnly: true,
        stripInternal: true,
        rootDir: root,
        outDir: path.join(folder, 'dist'),
        typeRoots: [path.join(root, 'node_modules/@types')],
      },
      include: [],
      files: ['index', 'gramjs', 'teleproto', 'testing'].map((name) => path.join(root, `src/${name}.ts`)),
    }
    writeFileSync(path.join(folder, 'tsconfig.build.json'), JSON.stringify(build))
    spawnSync(tsc, ['-p', path.join(folder, 'tsconfig.build.json')], { timeout: 120_000 })
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  })

  const check = (project: string, files: Record<string, string>): string => {
    const at = path.join(folder, project)
    mkdirSync(at)
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(at, name), text)
    const config = { compilerOptions: OPTIONS, files: Object.keys(files) }
    writeFileSync(path.join(at, 'tsconfig.json'), JSON.stringify(config))
    return spawnSync(tsc, ['-p', at], { encoding: 'utf8', timeout: 120_000 }).stdout
  }
  const contract = `
import { sessionStorageContract } from '../dist/src/testing.js'
import type { SessionStorage } from '../dist/src/index.js'
declare const make: () => SessionStorage
sessionStorageContract('mine', make)`
  // Silence must mean something.
  const wrong = `
import { SQLiteSession } from '../dist/src/gramjs.js'
// @ts-expect-error
new SQLiteSession(42)`

  it('compile with GramJS, and with the contract suite, but for what is wrong', () => {
    const gram = user('telegram', '../dist/src/gramjs.js')
    const files = { 'gram.ts': gram, 'contract.ts': contract, 'wrong.ts': wrong }
    assert.equal(check('gram', files), '')
  })

  // Apart: what one of the two libraries declares for all must not hide what the other lacks.
  it('compile with teleproto, whose own declarations lack two names', () => {
    assert.equal(check('proto', { 'user.ts': user('teleproto', '../dist/src/teleproto.js') }), '')
  })
})
