import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { sessionPath } from '../../src/config/session-path.ts'

describe('the path of the session', () => {
  it('is absolute, without the blanks around it, and may begin at home', () => {
    for (const [text, expected] of [
      ['./main.session', path.resolve('main.session')],
      [' a/b c.session \n', path.resolve('a/b c.session')],
      ['/x/y.session', '/x/y.session'],
      ['~/x.session', path.join(homedir(), 'x.session')],
    ] as const)
      assert.equal(sessionPath(text), expected)
  })

  it('is refused where another program would open another file', () => {
    for (const text of [
      './main',
      './my.db',
      'main.session.age',
      'x.session/',
      './.session',
      '~other/x.session',
      'file:~/x.session',
      'x\0.session',
    ])
      assert.throws(() => sessionPath(text), { code: 'run.bad_file', exitCode: 78 }, text)
  })
})
