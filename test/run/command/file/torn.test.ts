import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import { UnreachableError } from '../../../../src/base/errors.ts'
import { captureFinal, captureLive } from '../../../../src/run/command/file/capture.ts'
import { clientFile } from '../../../../src/run/command/file/client-file.ts'
import { convertToFile } from '../../../../src/session/convert.ts'
import { portable } from '../../../../src/session/formats/portable-session.ts'
import { inspectSession, keyFingerprint } from '../../../../src/session/inspect.ts'
import { KEY } from '../../../fixtures/session/schemas.ts'
import { PYTHON } from '../../../support/requires.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const CLIENT = path.join(import.meta.dirname, '../../../support/clients/pyrogram_kin.py')
const [STORED, MET] = [3000, 20_000]
const peers = Array.from({ length: STORED }, (_, n) => ({
  id: BigInt(n + 1),
  hash: 7n,
  username: `person${n + 1}`,
  phone: null,
  name: null,
}))

/** It opens Pyrogram's own file, which all but Pyrogram upgrade at once, and spills its cache before it commits. */
describe(
  'copies of a file that its client upgrades, fills beyond its cache, and commits',
  { concurrency: true },
  () => {
    const scratch = temporaryFolder()

    for (const family of ['pyrogram', 'pyrofork', 'kurigram6', 'kurigram'] as const)
      it(`are never torn, and the last one has everything: ${family}`, async () => {
        const folder = path.join(scratch, family)
        await mkdir(folder)
        const file = path.join(folder, 'main.session')
        const session = portable({ dcId: 2, authKey: KEY, userId: 4242n, isBot: false })
        const stored = await convertToFile({ ...session, entities: peers }, { family: 'pyrogram', apiId: 1 })
        await writeFile(file, (await clientFile(stored, 'pyrogram')).bytes)
        const argv = [CLIENT, family, '--peers', String(MET), '--save', '0.05']
        const client = spawn(PYTHON, argv, {
          env: { ...process.env, TGSESSION_FILE: file },
          stdio: 'inherit',
        })
        const ended = once(client, 'exit')
        let copies = 0
        const look = async (bytes: Uint8Array): Promise<number> => {
          const found = await inspectSession(bytes)
          assert.deepEqual(found.problems, [])
          assert.equal(found.keyFingerprint, keyFingerprint(KEY))
          copies++
          return found.entities
        }
        // Its client switches Kurigram's file back from WAL, and may keep it locked until the end.
        for (let known = 0, tries = 0; known < STORED + MET && tries < 400; tries++)
          known = await captureLive(file, folder).then(look, (error: unknown) => {
            if (!(error instanceof UnreachableError && error.code === 'session.busy')) throw error
            return known
          })
        client.kill('SIGTERM')
        assert.deepEqual(await ended, [0, null])
        assert.equal(await look(await captureFinal(file)), STORED + MET)
        assert.ok(copies > 1 || family === 'kurigram', 'no copy could be made while it ran')
      })
  },
)
