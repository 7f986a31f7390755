import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { terminalAsker } from '../../src/cli/terminal/terminal.ts'
import { RESEND } from '../../src/login/asker.ts'
import { until } from '../support/until.ts'

const ask = async (keys: string, resend?: { next: string; afterSeconds: number }): Promise<unknown> => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  let seen = ''
  output.on('data', (part: Buffer) => (seen += part.toString()))
  const answer = terminalAsker({ input, output }).code({ sentTo: 'your phone', attempt: 1, resend })
  await until(() => seen.includes('your phone'), 'the question')
  for (const key of keys) input.write(key)
  return await answer
}

describe('the question for the code', () => {
  it('takes Enter alone as the wish for another one, once that can be sent', async () => {
    assert.equal(await ask('\r', { next: 'as an SMS', afterSeconds: 0 }), RESEND)
    assert.equal(await ask('\r24680\r', { next: 'as an SMS', afterSeconds: 60 }), '24680')
    assert.equal(await ask('\r24680\r'), '24680')
  })
})
