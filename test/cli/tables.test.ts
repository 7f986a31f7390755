import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { wrap } from '../../src/cli/terminal/tables.ts'

describe('wrap', () => {
  it('breaks between words only, loses none, and fills each line', () => {
    const text = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width)
        assert.equal(lines.join(' '), words.join(' '))
        for (const [index, line] of lines.entries()) {
          assert.ok(line.length <= width || !line.includes(' '))
          const next = lines[index + 1]?.split(' ')[0]
          if (next !== undefined) assert.ok(line.length + 1 + next.length > width)
        }
      }),
    )
    assert.deepEqual(wrap('whole', Infinity), ['whole'])
  })
})
