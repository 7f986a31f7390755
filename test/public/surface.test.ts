import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { emitDeclarations, ROOT } from '../../scripts/surface/declarations.ts'
import { surfaceOf } from '../../scripts/surface/read-surface.ts'
import { examplesWork } from './support/examples.ts'

const declarations = emitDeclarations()
const surface = surfaceOf(declarations)
after(() => rmSync(declarations, { recursive: true, force: true }))

describe('the public surface', () => {
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

examplesWork(surface.examples, declarations)
