import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { statSync } from 'node:fs'
import { readHost } from '../../src/config/host.ts'
import { readSettings } from '../../src/config/settings.ts'
import { inTheClear, refuseLostDisk } from '../../src/cli/store-warnings.ts'
import { lostDisk } from '../../src/config/lost-disk.ts'
import { lostPath } from '../../src/store/durable-disk.ts'

describe('a disk that a host empties', () => {
  it('is all of a dyno, and of other hosts what is no mounted volume', () => {
    assert.equal(readHost({ DYNO: 'web.1' }).diskIsLost, 'all')
    for (const name of ['RENDER_INSTANCE_ID', 'FLY_MACHINE_ID', 'K_REVISION', 'KUBERNETES_SERVICE_HOST'])
      assert.equal(readHost({ [name]: 'x' }).diskIsLost, 'unless mounted')
    assert.equal(readHost({}, false).diskIsLost, null)
  })

  it('holds folders and SQLite files, and no store of a service', async () => {
    assert.equal(await lostPath('file:/nowhere/at/all', 'all'), '/nowhere/at/all')
    assert.equal(await lostPath('sqlite:/nowhere/x.db', 'unless mounted'), '/nowhere/x.db')
    assert.equal(await lostPath('file:/nowhere', null), null)
    for (const url of ['s3://b/p', 'postgres://h/d', 'memory:'])
      assert.equal(await lostPath(url, 'all'), null)
  })

  it('does not hold a mounted volume, nor the folder to be made in it', async (t) => {
    const volume = ['/sys', '/proc'].find((folder) => statSync(folder).dev !== statSync('/').dev)
    if (volume === undefined) return t.skip('nothing is mounted here')
    assert.equal(await lostPath(`file:${volume}/no/such/folder`, 'unless mounted'), null)
    assert.equal(await lostPath(`file:${volume}`, 'all'), volume)
    return undefined
  })

  it('takes no session without --yes', async () => {
    const settings = await readSettings({ DYNO: 'run.1', TGSESSION_STORE: 'file:./here' }, { store: true })
    await assert.rejects(refuseLostDisk(settings, {}), { code: 'store.lost_disk', exitCode: 78 })
    await refuseLostDisk(settings, { yes: true })
    const safe = await readSettings({
      DYNO: 'run.1',
      TGSESSION_STORE: 's3://b/p',
      TGSESSION_KEY: 'ab'.repeat(32),
    })
    assert.equal(await lostDisk(safe), undefined)
  })
})

describe('a session on its way to another machine', () => {
  it('is warned of where nothing hides it', async () => {
    assert.match(
      (await warned('s3://b/p?endpoint=http://minio:9000', 'none')) ?? '',
      /minio:9000 over plain http/,
    )
    assert.equal(await warned('s3://b/p?endpoint=http://minio:9000', 'age'), undefined)
    assert.equal(await warned('s3://b/p?endpoint=http://127.0.0.1:9000', 'none'), undefined)
    assert.equal(await warned('s3://b/p?endpoint=https://minio', 'none'), undefined)
  })
})

async function warned(url: string, encryption: string): Promise<string | undefined> {
  const env = { TGSESSION_STORE: url, TGSESSION_ENCRYPTION: encryption, TGSESSION_KEY: 'ab'.repeat(32) }
  return inTheClear(await readSettings(env))?.message
}
