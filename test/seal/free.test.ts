import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { release } from '../../src/seal/free.ts'

describe('memory that is given back', () => {
  it('is that of whole buffers, and never what others use, too', () => {
    const whole = new Uint8Array(100_000)
    release(whole)
    assert.equal(whole.buffer.byteLength, 0)
    const shared = new Uint8Array(100)
    for (const part of [shared.subarray(1), shared.subarray(0, 99), Buffer.from('from the pool of Node')]) {
      const before = part.slice()
      release(part)
      assert.deepEqual(part.slice(), before)
    }
    assert.equal(shared.length, 100)
  })
})
