import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { OwnStorage } from '../../../examples/own-storage.ts'
import { MemoryStorage } from '../../../src/session/core/memory-storage.ts'
import { SqliteStorage } from '../../../src/session/formats/telethon/storage.ts'
import { sessionStorageContract } from '../../../src/session/core/storage-contract.ts'
import type { SessionStorage } from '../../../src/session/core/storage.ts'
import { createTelethonFile, openTelethonFile } from '../../../src/session/formats/telethon/file.ts'
import { database, SCHEMAS } from '../../fixtures/session/schemas.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const root = path.join(import.meta.dirname, '../../..')
const folder = temporaryFolder()
let number = 0

async function reopenedFile(storage: SessionStorage): Promise<SessionStorage> {
  assert.ok(storage instanceof SqliteStorage)
  return new SqliteStorage(await openTelethonFile(await storage.export()))
}

sessionStorageContract('MemoryStorage', () => new MemoryStorage())
sessionStorageContract('a copy of a MemoryStorage', () => new MemoryStorage(), {
  reopen: (storage) => (storage instanceof MemoryStorage ? storage.clone() : assert.fail()),
})
sessionStorageContract('SqliteStorage', async () => new SqliteStorage(await createTelethonFile()), {
  reopen: reopenedFile,
})
const EMPTIED = `${SCHEMAS['v8, the temporary key before takeout']!.sql}
  delete from sessions; delete from entities; delete from update_state;`
sessionStorageContract(
  'SqliteStorage on a file of version 8',
  async () => new SqliteStorage(await openTelethonFile(await database(EMPTIED))),
  { reopen: reopenedFile },
)

const files = new WeakMap<SessionStorage, string>()
sessionStorageContract(
  "the example's own storage",
  () => {
    const file = path.join(folder, `own-${number++}.db`)
    const storage = new OwnStorage(file)
    files.set(storage, file)
    return storage
  },
  { reopen: (storage) => new OwnStorage(files.get(storage) ?? assert.fail()) },
)

describe('the contract of a session storage', () => {
  it('finds what is wrong with a storage', async () => {
    class Rounding extends MemoryStorage {
      override putEntity(entity: Parameters<MemoryStorage['putEntity']>[0]): void {
        super.putEntity({ ...entity, hash: BigInt(Number(entity.hash)) })
      }
    }
    const failed: string[] = []
    const tests: [string, () => Promise<void>][] = []
    sessionStorageContract('a rounding storage', () => new Rounding(), {
      runner: { describe: (_, body) => body(), it: (name, body) => void tests.push([name, body]) },
    })
    for (const [name, body] of tests) await body().catch(() => failed.push(name))
    assert.deepEqual(failed.length, 4)
    assert.ok(tests.length > 10)
  })

  it('loads no test runner until it is called', () => {
    const program = `
      const isLoaded = () => process.moduleLoadList.some((name) => name.endsWith('internal/test_runner/test'))
      await import('${path.join(root, 'src/testing.ts')}')
      const before = isLoaded()
      process.getBuiltinModule('node:test')
      console.log(before, isLoaded())`
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_TEST_CONTEXT: '' },
      timeout: 120_000,
    })
    assert.deepEqual([status, stdout], [0, 'false true\n'])
  })

  it('can be kept in under 60 lines', () => {
    const lines = readFileSync(path.join(root, 'examples/own-storage.ts'), 'utf8').trimEnd().split('\n')
    assert.ok(lines.length < 60, String(lines.length))
  })
})
