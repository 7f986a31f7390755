import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { show, showJson } from '../../src/base/show.ts'

describe('foreign text on its way to a terminal', () => {
  const hostile = [
    ['an escape sequence', '\u001b]52;c;aGk=\u0007', '\\u001b]52;c;aGk=\\u0007'],
    ['a forged line', 'a\nat=tgsession\r\nb', 'a\\u000aat=tgsession\\u000d\\u000ab'],
    ['C1 and DEL', '\u009b2J\u007f', '\\u009b2J\\u007f'],
    ['line ends of Unicode', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    [
      'marks of direction',
      '\u202egnp\u202c\u2066x\u2069\u200f\u061c',
      '\\u202egnp\\u202c\\u2066x\\u2069\\u200f\\u061c',
    ],
  ] as const
  for (const [what, text, shown] of hostile)
    it(`${what} is shown, and not obeyed`, () => {
      assert.equal(show(text), shown)
      assert.equal(show(showJson({ text })), showJson({ text }))
      assert.deepEqual(JSON.parse(showJson({ text })), { text })
    })

  it('leaves all else as it is', () => {
    const text = 'Jürgen 👩‍👩‍👧 Ω café — "x" \\ /'
    assert.equal(show(text), text)
  })
})
