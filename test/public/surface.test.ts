import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { ROOT } from '../../scripts/surface/declarations.ts'
import { readSurface } from '../../scripts/surface/read-surface.ts'

describe('the public surface', () => {
  const surface = readSurface()

  it('is that of surface.txt; after a change that is meant: npm run surface', () => {
    const committed = readFileSync(path.join(import.meta.dirname, 'surface.txt'), 'utf8')
    assert.equal(surface.text, committed)
    assert.match(committed, /^export declare function openSession\(/m)
    assert.doesNotMatch(committed, /#private|@internal/)
  })

  it('is described in docs/reference/api as it is now: npm run reference', () => {
    const index = readFileSync(path.join(ROOT, 'docs/reference/api/README.md'), 'utf8')
    assert.ok(index.includes(`<!-- made of ${surface.hash} -->`))
  })

  it('has the same names, types included, for both client libraries', () => {
    assert.deepEqual(surface.names['tgsession/gramjs'], surface.names['tgsession/teleproto'])
  })

  it('exports every type that a signature names', () => {
    assert.deepEqual(surface.notExported, [])
  })

  it('says of every symbol and member what it is', () => {
    assert.deepEqual(surface.undocumented, [])
  })

  it('has an example for every function and class', () => {
    assert.deepEqual(surface.withoutExample, [])
  })
})
