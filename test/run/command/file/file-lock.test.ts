import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { it } from 'node:test'
import { FileLock } from '../../../../src/run/command/file/file-lock.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const SERVED = { store: 'file:/store', name: 'main' }
const LOCK = path.join(import.meta.dirname, '../../../../src/run/command/file/file-lock.ts')

it('the lock of a session file holds against other processes also after this one has asked twice', async () => {
  const file = path.join(temporaryFolder(), 'main.session')
  const lock = await FileLock.tryTake(file, SERVED)
  assert.ok(lock)
  assert.equal(await FileLock.tryTake(file, SERVED), null)
  const other = `const { FileLock } = await import(${JSON.stringify(LOCK)})
    process.stdout.write(String(await FileLock.tryTake(${JSON.stringify(file)}, ${JSON.stringify(SERVED)})))`
  const asked = spawnSync(process.execPath, ['--input-type=module', '-e', other], { encoding: 'utf8' })
  assert.equal(asked.stdout, 'null', asked.stderr)
  await lock.release()
})
