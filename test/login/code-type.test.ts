import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Api } from 'telegram'
import { TypeNotFoundError } from 'telegram/errors/index.js'
import { RefusedError } from '../../src/base/errors.ts'
import { describeCode } from '../../src/login/code-type.ts'
import { translate } from '../../src/login/refusals.ts'

const { auth } = Api

describe('describeCode', () => {
  const cases: [Api.auth.TypeSentCodeType, RegExp, number | undefined][] = [
    [new auth.SentCodeTypeApp({ length: 5 }), /Telegram app/, 5],
    [new auth.SentCodeTypeSms({ length: 6 }), /SMS/, 6],
    [new auth.SentCodeTypeCall({ length: 5 }), /call that says/, 5],
    [new auth.SentCodeTypeFlashCall({ pattern: '+44*' }), /caller's number \(\+44\*\)/, undefined],
    [new auth.SentCodeTypeMissedCall({ prefix: '+44', length: 4 }), /last 4 digits.*\+44/, 4],
    [new auth.SentCodeTypeEmailCode({ emailPattern: 'a**@b.c', length: 6 }), /e-mail address a\*\*@b\.c/, 6],
    [new auth.SentCodeTypeFragmentSms({ url: 'https://fragment.com/1', length: 5 }), /fragment\.com/, 5],
    [new auth.SentCodeTypeFirebaseSms({ length: 6 }), /Firebase/, 6],
    [new auth.SentCodeTypeSmsWord({ beginning: 'c' }), /a word that starts with "c"/, undefined],
    [new auth.SentCodeTypeSmsPhrase({}), /a phrase$/, undefined],
  ]
  for (const [type, words, length] of cases)
    it(`names ${type.className}`, () => {
      const described = describeCode(type)
      assert.match(described.sentTo, words)
      assert.equal(described.length, length)
      assert.equal(described.byEmail, type instanceof auth.SentCodeTypeEmailCode)
      assert.equal(described.words, /Word|Phrase/.test(type.className))
    })

  it('is complete: every type of the layer is named or refused', () => {
    const all = Object.keys(auth).filter((name) => /^SentCodeType./.test(name))
    assert.equal(all.length, cases.length + 1)
  })

  it('refuses an account that must set up an e-mail address first', () => {
    assert.throws(
      () => describeCode(new auth.SentCodeTypeSetUpEmailRequired({})),
      (error) => error instanceof RefusedError && error.code === 'login.email_setup_required',
    )
  })
})

describe('translate', () => {
  it('knows the demand for a payment by its constructor, which the layer lacks', () => {
    const answer = new TypeNotFoundError(0xf8827ebf, Buffer.alloc(0))
    assert.equal(translate(answer).code, 'login.payment_required')
    assert.equal(translate(new TypeNotFoundError(0x12345678, Buffer.alloc(0))).code, 'login.refused')
  })
})
