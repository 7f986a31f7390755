import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'

const read = (name: string): string => readFileSync(path.join(import.meta.dirname, '../..', name), 'utf8')

describe('docs/sessions.md', () => {
  it('shows the whole of examples/own-storage.ts as it is, in under 60 lines', () => {
    const [, block] = /```ts\n(.*?)```/s.exec(read('docs/sessions.md')) ?? []
    assert.equal(block, read('examples/own-storage.ts'))
    assert.ok(block.split('\n').length <= 60)
  })
})
