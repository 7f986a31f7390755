import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeText, keyLikeness, secretKind, undressToken, undressValue } from '../../src/base/input.ts'
import { versionProblem } from '../../src/base/node-version.ts'
import { parseKey, recipientOf } from '../../src/seal/key.ts'

const HEX = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
const IDENTITY = parseKey(HEX)

describe('what people paste', () => {
  for (const text of [
    'abc',
    ' abc\r\n',
    '"abc"',
    "'abc'",
    '“abc”',
    'SESSION="abc"',
    "export SESSION='abc';",
    'const session = "abc",',
    '\ufeffa\u200bb\u00a0c\u202c',
    'a\r\nb\r\nc',
  ])
    it(`${JSON.stringify(text)} is undressed`, () => assert.equal(undressToken(text), 'abc'))

  it('keeps the padding of base64', () => {
    assert.equal(undressToken('"AAECAw=="'), 'AAECAw==')
    assert.equal(undressToken(`${'A'.repeat(43)}=`), `${'A'.repeat(43)}=`)
  })

  it('loses only its own name, and what stands at its edges, as a value', () => {
    assert.equal(undressValue('"TGSESSION_STORE=file:/my folder"\r\n', 'TGSESSION_STORE'), 'file:/my folder')
    assert.equal(undressValue('user=me host=h', 'TGSESSION_STORE'), 'user=me host=h')
    assert.equal(undressValue('\u200b{"a": "b"}\u00a0', 'X'), '{"a": "b"}')
  })

  it('is read in UTF-8 and UTF-16, and is null where it is no text', () => {
    for (const bytes of [
      Buffer.from('\ufeffab'),
      Buffer.from('\ufeffab', 'utf16le'),
      Buffer.from('ab', 'utf16le'),
    ])
      assert.equal(decodeText(bytes), 'ab')
    assert.equal(decodeText(Buffer.from('ü', 'latin1')), null)
  })
})

describe('an encryption key', () => {
  const bytes = Buffer.from(HEX, 'hex')
  for (const [what, text] of [
    ['64 hex digits in quotes', `"${HEX.toUpperCase()}"`],
    ['base64', bytes.toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['an identity with a line end', `${IDENTITY.toLowerCase()}\r\n`],
    [
      'the file of age-keygen',
      `# created: 2026-11-27\n# public key: ${recipientOf(IDENTITY)}\n${IDENTITY}\n`,
    ],
    ['the same on one line', `# created: 2026 # public key: ${recipientOf(IDENTITY)} ${IDENTITY}`],
  ] as const)
    it(`is read from ${what}`, () => assert.equal(parseKey(text), IDENTITY))

  for (const [text, told] of [
    [recipientOf(IDENTITY), /a public key/],
    [HEX.slice(1), /63 hex digits, 64 expected/],
    [IDENTITY.slice(0, 70), /damaged: 70 characters, 74 expected/],
    ['123456789:AAEhBOweik9ai2o01-_xyzxyzxyzxyzxyz', /a bot token/],
    [`1${'B'.repeat(352)}`, /a session string/],
  ] as const)
    it(`that is ${String(told)} is told so, and not repeated`, () => {
      assert.throws(
        () => parseKey(text),
        (error: Error) => told.test(error.message) && !error.message.includes(text),
      )
    })

  it('is a secret wherever it stands', () => {
    for (const text of [HEX, IDENTITY, `x=${IDENTITY}`]) assert.equal(secretKind(text), 'an encryption key')
    assert.equal(keyLikeness('hello'), undefined)
  })
})

describe('the version of Node', () => {
  it('is named where it is too old', () => {
    for (const version of ['18.20.0', '20.19.4', '22.18.0', '21.0.0'])
      assert.match(versionProblem(version) ?? '', /22\.19 or newer/)
    for (const version of ['22.19.0', '24.1.0', '25.0.0']) assert.equal(versionProblem(version), undefined)
  })
})
