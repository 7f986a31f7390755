import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { Replica } from '../../src/replica/replica.ts'
import { verifySession } from '../../src/session/inspect.ts'
import { FileStore } from '../../src/store/file/file-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { randomKey, sessionBytes } from '../replica/support/sessions.ts'
import { aged, identity } from '../replica/support/setting.ts'
import { missing } from '../support/requires.ts'

const RECOVERY = path.join(import.meta.dirname, '..', '..', 'docs', 'recovery.md')

/** The lines of docs/recovery.md that open revisions by hand, in their order. */
function commands(): string[] {
  const blocks = readFileSync(RECOVERY, 'utf8').matchAll(/```sh\n([^]*?)```/g)
  return [...blocks].flatMap(([, block = '']) => block.split('\n')).filter((line) => line.startsWith('age '))
}

describe('docs/recovery.md by hand', () => {
  const skip = missing.command('age') || missing.command('zstd')

  it('opens a whole revision and a patch, byte for byte', { skip }, async () => {
    const folder = temporaryFolder()
    const store = await FileStore.open(path.join(folder, 'store'))
    const replica = new Replica({ store, name: 'main', cipher: aged(), verify: verifySession, label: 'test' })
    const key = randomKey()
    const files = [await sessionBytes({ key, peers: 1 }), await sessionBytes({ key, peers: 2 })]
    await replica.push(files[0]!)
    const lease = await replica.lease()
    const { revision: base } = await replica.restore({ lease })
    const { revision } = await replica.save(lease, base, files[1]!)
    await lease.release()
    assert.notEqual(revision.base, null)

    const revisions = path.join(folder, 'store', 'main', 'revisions')
    const [whole, patch] = readdirSync(revisions).toSorted()
    writeFileSync(path.join(revisions, 'key.txt'), `${identity}\n`)
    const told = commands()
    assert.equal(told.length, 3)
    for (const [index, line] of told.entries()) {
      const real = line.replaceAll(/\d{8}-\w+…\.session\.zst\.age/g, whole!)
      const command = real.replaceAll(/\d{8}-\w+…\.session\.patch\.zst\.age/g, patch!)
      assert.doesNotMatch(command, /…/)
      execFileSync('bash', ['-o', 'pipefail', '-ec', command], { cwd: revisions })
      const written = path.join(revisions, index === 1 ? 'base' : 'main.session')
      assert.ok(readFileSync(written).equals(files[index === 2 ? 1 : 0]!), line)
    }
  })
})
