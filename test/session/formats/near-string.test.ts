import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspectSession } from '../../../src/session/inspect.ts'
import { portable } from '../../../src/session/formats/portable-session.ts'
import { nearString } from '../../../src/session/formats/strings/near-string.ts'
import { encodeSessionString } from '../../../src/session/formats/strings/session-string.ts'

const session = portable({
  dcId: 2,
  serverAddress: '149.154.167.51',
  port: 443,
  authKey: Uint8Array.from({ length: 256 }, (_, index) => (index * 37 + 11) % 256),
  apiId: 12_345,
  userId: 777_000n,
  isBot: false,
})
const strings = (['telethon', 'gramjs', 'pyrogram'] as const).map(
  (format) => [format, encodeSessionString(format, session)] as const,
)

describe('a session string that is none', () => {
  for (const [format, text] of strings) {
    it(`of ${format} is told cut short, doubled, or with something behind it`, async () => {
      const cut = nearString(text.slice(0, -22))
      assert.match(cut ?? '', new RegExp(`a ${format} session string of which the end is missing`, 'i'))
      assert.match(cut ?? '', new RegExp(`: ${text.length - 22} characters, ${text.length} expected`))
      assert.match(nearString(text + text) ?? '', /stands there twice/)
      assert.equal(nearString(text), undefined)
      await assert.rejects(inspectSession(Buffer.from(text.slice(0, -22))), {
        code: 'session.foreign',
        message: /end is missing/,
      })
    })

    it(`of ${format} is read however it was wrapped`, async () => {
      for (const wrapped of [
        `SESSION="${text}"\r\n`,
        `\ufeff${text}`,
        ` '${text.slice(0, 100)}\u200b\n${text.slice(100)}' `,
      ]) {
        const { userId } = await inspectSession(Buffer.from(wrapped))
        const utf16 = await inspectSession(Buffer.from(wrapped, 'utf16le'))
        assert.equal(utf16.format, `${format}-string`)
        assert.equal(utf16.userId, userId)
      }
    })
  }

  it('is not seen in any other text', () => {
    for (const text of ['', 'hello', 'a b c', 'x'.repeat(50), '{}']) assert.equal(nearString(text), undefined)
  })
})
