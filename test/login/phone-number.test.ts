import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RefusedError } from '../../src/base/errors.ts'
import { maskPhone, parsePhone } from '../../src/login/phone-number.ts'

describe('parsePhone', () => {
  it('takes what people write', () => {
    for (const text of [
      '+15550004567',
      '15550004567',
      '+1 (555) 000-4567',
      '001 555.000.4567',
      ' +1 555 000‑4567 ',
      '\u202a+1 555\u00a0000\u200b4567\u202c',
      '"+1 (0) 555 000 4567"',
    ])
      assert.equal(parsePhone(text), '+15550004567')
  })

  it('refuses what cannot be a number in international form', () => {
    for (const text of ['', '+', '12345', '+1234567890123456', '+1555x0004567', '1:token'])
      assert.throws(
        () => parsePhone(text),
        (error) =>
          error instanceof RefusedError &&
          error.code === 'login.phone_invalid' &&
          (text === '' || !error.message.includes(text)),
      )
  })
})

describe('maskPhone', () => {
  it('shows two digits at each end', () => {
    assert.equal(maskPhone('+155500067'), '+15•••••67')
    assert.equal(maskPhone('+1 555-00067'), '+15•••••67')
  })
})
