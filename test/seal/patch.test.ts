import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  makePatch,
  MOST_PATCHED_BYTES,
  PATCH_STEP_BYTES,
  patchesWork,
  tryPatches,
} from '../../src/seal/patch.ts'
import { nodeZstd, opensTo, unpack } from '../../src/seal/zstd.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { missing } from '../support/requires.ts'

const made = async (base: Uint8Array, next: Uint8Array): Promise<Uint8Array> => {
  const patch = await makePatch(base, next, Infinity)
  assert.ok(patch)
  return patch
}

/** A file and what became of it: pieces replaced, put in and taken out. */
const changed = fc
  .record({
    base: fc.uint8Array({ minLength: 0, maxLength: 20_000 }),
    edits: fc.array(
      fc.record({ at: fc.nat(20_000), gone: fc.nat(300), put: fc.uint8Array({ maxLength: 300 }) }),
      {
        maxLength: 8,
      },
    ),
  })
  .map(({ base, edits }) => {
    const next = edits.reduce<Uint8Array>(
      (bytes, { at, gone, put }) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + gone)]),
      base,
    )
    return { base, next }
  })

describe('a patch', () => {
  it('gives what it was made of, in steps of 4 KiB, and nothing with another base', async () => {
    const property = fc.asyncProperty(changed, async ({ base, next }) => {
      const patch = await made(base, next)
      assert.equal(patch.length % PATCH_STEP_BYTES, 0)
      assert.deepEqual(Buffer.from(await unpack(patch, next.length, { base })), Buffer.from(next))
      assert.ok(await opensTo(patch, next, base))
      assert.equal(await opensTo(patch, Buffer.concat([next, Buffer.from('x')]), base), false)
    })
    await fc.assert(property, { numRuns: 100 })
    const base = randomBytes(50_000)
    const patch = await made(base, Buffer.concat([base, Buffer.from('x')]))
    assert.equal(patch.length, PATCH_STEP_BYTES)
    await assert.rejects(unpack(patch, 50_001))
    await assert.rejects(unpack(patch, 50_001, { base: randomBytes(50_000) }))
    await assert.rejects(unpack(patch, 50_000, { base }))
  })

  it('never gives other bytes, whichever of its own or of its base are wrong', async () => {
    const base = randomBytes(3000)
    const next = Buffer.concat([base.subarray(0, 1500), randomBytes(40), base.subarray(1500)])
    const patch = await made(base, next)
    for (let index = 0; index < 200; index++) {
      const bad = Buffer.from(patch)
      bad[index]! ^= 1 << (index % 8)
      const opened = await unpack(bad, next.length, { base }).catch(() => undefined)
      assert.ok(opened === undefined || next.equals(opened), `bit ${index % 8} of byte ${index}`)
    }
    for (let index = 0; index < base.length; index += 13) {
      const bad = Buffer.from(base)
      bad[index]! ^= 1
      assert.equal(await unpack(patch, next.length, { base: bad }).catch(() => undefined), undefined)
    }
  })

  it('is not made if it would be no gain, or the files are too large', async () => {
    const [base, other] = [randomBytes(40_000), randomBytes(40_000)]
    assert.equal(await makePatch(base, other, 10_000), null)
    const large = Buffer.alloc(MOST_PATCHED_BYTES + 1)
    assert.equal(await makePatch(large, base, Infinity), null)
    assert.equal(await makePatch(base, large, Infinity), null)
  })

  it(
    'is opened by zstd -d --patch-from, and opens what zstd makes',
    { skip: missing.command('zstd') },
    async () => {
      const folder = temporaryFolder()
      const [baseFile, nextFile] = [path.join(folder, 'base'), path.join(folder, 'next')]
      for (const size of [5000, 300_000, 5_000_000]) {
        const base = randomBytes(size)
        const next = Buffer.concat([
          randomBytes(100),
          base.subarray(0, size >> 1),
          base.subarray((size >> 1) + 99),
        ])
        writeFileSync(baseFile, base)
        writeFileSync(nextFile, next)
        const zstd = (args: string[], input?: Uint8Array): Buffer =>
          spawnSync('zstd', ['-q', '-c', `--patch-from=${baseFile}`, ...args], { input, maxBuffer: 1e9 })
            .stdout
        const patch = await made(base, next)
        assert.ok(zstd(['-d'], patch).equals(next), `zstd opens ours of ${size}`)
        const theirs = zstd([nextFile])
        assert.ok(next.equals(await unpack(theirs, next.length, { base })), `we open that of zstd of ${size}`)
      }
    },
  )
})

describe('the self-test', () => {
  it('passes here', async () => {
    assert.equal(await patchesWork(), true)
  })

  it('finds a Node that ignores the base, packs wrongly, or fails on good patches', async () => {
    const { compress, decompress } = nodeZstd
    const ignores = (plain: Uint8Array) => compress(plain, {})
    assert.equal(await tryPatches({ compress: ignores, decompress }), false)
    assert.equal(await tryPatches({ compress, decompress: (frame) => decompress(frame, {}) }), false)
    assert.equal(await tryPatches({ compress, decompress: async () => new Uint8Array(4105) }), false)
    assert.equal(await tryPatches(nodeZstd), true)
  })
})
