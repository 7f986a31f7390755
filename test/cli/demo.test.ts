import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { demo } from '../../src/cli/demo/demo.ts'
import { ROOT } from '../support/cli/dyno.ts'

const skip = existsSync(path.join(ROOT, 'dist/scripts/bootstrap.js'))
  ? false
  : 'dist/ is not built (npm run build)'

it('the demo takes no setting from its caller, and none from an .env beside the code', { skip }, async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'tgsession-demo-test-'))
  try {
    for (const name of ['dist', 'node_modules', 'package.json', 'Procfile'])
      await symlink(path.join(ROOT, name), path.join(root, name))
    await writeFile(path.join(root, '.env'), 'TGSESSION_NAME=of-the-file\n')
    const env = { ...process.env, TGSESSION_FILE: '/nowhere/at/all.session', TGSESSION_USER_ID: '5' }
    const { logins, dynos, duplicates } = await demo(root, env, () => undefined)
    assert.deepEqual({ logins, dynos, duplicates }, { logins: 1, dynos: 3, duplicates: 0 })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
})
