import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import {
  convertFromGramjsSession,
  convertFromPyrogramSession,
  convertFromTelethonSession,
  convertToGramjsSession,
  convertToMtkrutoSession,
  convertToPyrogramSession,
  convertToTelethonSession,
} from '@mtcute/convert'
import { readStringSession, writeStringSession } from '@mtcute/core/utils.js'
import * as fc from 'fast-check'
import { AuthKey as GramAuthKey } from 'telegram/crypto/AuthKey.js'
import { StringSession as GramStringSession } from 'telegram/sessions/index.js'
import { AuthKey as ProtoAuthKey } from 'teleproto/crypto/AuthKey.js'
import { StringSession as ProtoStringSession } from 'teleproto/sessions/index.js'
import { TgsessionError } from '../../../src/base/errors.ts'
import {
  portable,
  type PortableSession,
  STRING_FORMATS,
} from '../../../src/session/formats/portable-session.ts'
import {
  decodeSessionString,
  encodeSessionString,
} from '../../../src/session/formats/strings/session-string.ts'
import { pyrogramStrings } from '../../fixtures/session/foreign/pyrogram.ts'
import { oldMtcuteStrings } from '../../fixtures/session/foreign/mtcute-strings.ts'
import { hex, KEY } from '../../fixtures/session/schemas.ts'
import { missing, PYTHON } from '../../support/requires.ts'

const FORMATS = STRING_FORMATS
const foreign = path.join(import.meta.dirname, '../../fixtures/session/foreign')

const HOME = portable({ dcId: 2, serverAddress: '149.154.167.51', port: 443, authKey: KEY })
const FULL = portable({ ...HOME, userId: 4242n, isBot: true, apiId: 12345, testMode: false })

const key = fc.uint8Array({ minLength: 256, maxLength: 256 })
const session: fc.Arbitrary<PortableSession> = fc
  .record({
    dcId: fc.integer({ min: 1, max: 5 }),
    serverAddress: fc.oneof(fc.ipV4(), fc.ipV6()).filter((address) => address !== '::'),
    port: fc.integer({ min: 1, max: 65_535 }),
    authKey: key,
    userId: fc.bigInt(1n, 2n ** 53n - 1n),
    isBot: fc.boolean(),
    apiId: fc.integer({ min: 1, max: 0x7fffffff }),
    testMode: fc.boolean(),
  })
  .map(portable)

const canonical = (address: string | undefined): string =>
  address?.includes(':') ? new URL(`http://[${address}]`).hostname : (address ?? '')

describe('session strings', () => {
  it('come back as they went, whatever stands in them', () => {
    fc.assert(
      fc.property(session, (one) => {
        for (const name of ['telethon', 'gramjs', 'mtcute'] as const) {
          const { format, session: again } = decodeSessionString(encodeSessionString(name, one))
          assert.equal(format, name)
          assert.deepEqual(
            [again.dcId, canonical(again.serverAddress), again.port, again.authKey],
            [one.dcId, canonical(one.serverAddress), one.port, one.authKey],
          )
          if (name === 'mtcute')
            assert.deepEqual(
              [again.userId, again.isBot, again.testMode],
              [one.userId, one.isBot, one.testMode],
            )
        }
        const known = { ...one, dcId: ((one.dcId - 1) % 3) + 1 }
        const { format, session: again } = decodeSessionString(encodeSessionString('pyrogram', known))
        assert.equal(format, 'pyrogram')
        assert.deepEqual(
          [again.dcId, again.authKey, again.userId, again.isBot, again.apiId, again.testMode],
          [known.dcId, known.authKey, known.userId, known.isBot, known.apiId, known.testMode],
        )
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('are read in either alphabet, without padding, with white space', () => {
    fc.assert(
      fc.property(session, fc.constantFrom(...FORMATS), fc.nat(300), (given, name, at) => {
        const text = encodeSessionString(name, { ...given, dcId: 2 })
        const { session: expected } = decodeSessionString(text)
        const plain = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
        const url = plain.replaceAll('+', '-').replaceAll('/', '_')
        const broken = ` ${text.slice(0, at)}\r\n\t${text.slice(at)}\n`
        for (const variant of [plain, url, broken, `\uFEFF${text}`])
          assert.deepEqual(decodeSessionString(variant), { format: name, session: expected })
      }),
      { seed: 3, numRuns: 100 },
    )
  })

  it('have the lengths that the libraries check', () => {
    assert.equal(encodeSessionString('telethon', HOME).length, 353)
    assert.equal(encodeSessionString('telethon', { ...HOME, serverAddress: '::1' }).length, 369)
    assert.equal(encodeSessionString('gramjs', { ...HOME, serverAddress: '149.154.175.100' }).length, 369)
    assert.equal(encodeSessionString('pyrogram', FULL).length, 362)
  })

  it('of GramJS with 14 characters of address are no Telethon strings with IPv6', () => {
    const gramjs = decodeSessionString(encodeSessionString('gramjs', HOME))
    assert.deepEqual([gramjs.format, gramjs.session.serverAddress], ['gramjs', '149.154.167.51'])
    const ipv6 = decodeSessionString(encodeSessionString('telethon', { ...HOME, serverAddress: 'e::1' }))
    assert.deepEqual([ipv6.format, ipv6.session.serverAddress], ['telethon', 'e::1'])
  })

  it('carry the known address of the data centre where a host name does not fit', () => {
    const web = { ...HOME, serverAddress: 'venus.web.telegram.org' }
    assert.equal(
      decodeSessionString(encodeSessionString('gramjs', web)).session.serverAddress,
      web.serverAddress,
    )
    assert.equal(
      decodeSessionString(encodeSessionString('telethon', web)).session.serverAddress,
      '149.154.167.51',
    )
    assert.throws(() => encodeSessionString('telethon', { ...web, dcId: 99 }), {
      code: 'session.needs_server_address',
    })
  })

  it('say which option gives what is missing', () => {
    const { userId, ...rest } = FULL
    assert.throws(() => encodeSessionString('pyrogram', { ...FULL, apiId: undefined }), {
      code: 'session.needs_api_id',
      exitCode: 64,
      hint: /--api-id/,
    })
    assert.equal(userId, 4242n)
    assert.throws(() => encodeSessionString('pyrogram', { ...rest, userId: undefined }), {
      code: 'session.needs_user_id',
      hint: /--user-id/,
    })
    for (const name of FORMATS)
      assert.throws(() => encodeSessionString(name, { ...FULL, authKey: undefined }), {
        code: 'session.no_key',
      })
  })
})

describe('MTKruto and our strings', () => {
  it('agree, whatever stands in them', () => {
    fc.assert(
      fc.property(session, (one) => {
        const given = { ...one, dcId: ((one.dcId - 1) % 3) + 1 }
        const theirs = convertToMtkrutoSession(encodeSessionString('mtcute', given))
        const { format, session: read } = decodeSessionString(theirs)
        assert.deepEqual(
          [format, read.dcId, read.testMode, read.authKey],
          ['mtkruto', given.dcId, given.testMode, given.authKey],
        )
        assert.equal(encodeSessionString('mtkruto', given), theirs)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('are no string of another library, nor is noise of its length', () => {
    const noise = fc.uint8Array({ minLength: 263, maxLength: 271 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(noise, fc.constantFrom(1, 2, 3, 6), (bytes, first) => {
        bytes[0] = first
        assert.throws(() => decodeSessionString(bytes.toString('base64url')), { exitCode: 65 })
      }),
      { seed: 3, numRuns: 2000 },
    )
  })
})

describe('Telethon and our strings', () => {
  const fixture = JSON.parse(readFileSync(path.join(foreign, 'telethon-strings.json'), 'utf8'))
  for (const [name, text] of Object.entries<string>(fixture.strings)) {
    it(`reads what Telethon ${fixture.telethon} wrote for ${name}, and writes the same`, () => {
      const { format, session: read } = decodeSessionString(text)
      assert.equal(format, 'telethon')
      assert.deepEqual([read.dcId, `${read.serverAddress} ${read.port}`, read.authKey], [2, name, KEY])
      assert.equal(encodeSessionString('telethon', read), text)
    })
  }

  it('writes what Telethon reads', { skip: missing.telethon() }, () => {
    for (const address of ['149.154.167.51', '2001:67c:4e8:f002::a']) {
      const input = encodeSessionString('telethon', { ...HOME, serverAddress: address, port: 50_000 })
      const { stdout, stderr } = spawnSync(PYTHON, [path.join(foreign, 'telethon_read.py')], {
        input,
        encoding: 'utf8',
        timeout: 120_000,
      })
      assert.deepEqual(JSON.parse(stdout || stderr), [2, address, 50_000, hex(KEY)])
    }
  })
})

for (const [library, StringSession, AuthKey] of [
  ['GramJS', GramStringSession, GramAuthKey],
  ['teleproto', ProtoStringSession, ProtoAuthKey],
] as const) {
  describe(`${library} and our strings`, () => {
    for (const address of ['149.154.167.91', '149.154.175.100', 'vesta.web.telegram.org']) {
      it(`agree about ${address}`, async () => {
        const theirs = new StringSession('')
        theirs.setDC(4, address, 443)
        const authKey = new AuthKey()
        await authKey.setKey(Buffer.from(KEY))
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the two libraries' keys differ only in name
        theirs.authKey = authKey as GramAuthKey & ProtoAuthKey
        const text = theirs.save()
        const { format, session: read } = decodeSessionString(text)
        assert.deepEqual(
          [format, read.dcId, read.serverAddress, read.port, read.authKey],
          ['gramjs', 4, address, 443, KEY],
        )
        assert.equal(encodeSessionString('gramjs', read), text)
      })
    }

    it('read each other', async () => {
      const theirs = new StringSession(encodeSessionString('gramjs', HOME))
      await theirs.load()
      assert.deepEqual([theirs.dcId, theirs.serverAddress, theirs.port], [2, '149.154.167.51', 443])
      assert.deepEqual(theirs.authKey?.getKey(), Buffer.from(KEY))
    })
  })
}

describe('Pyrogram and our strings', () => {
  const strings = pyrogramStrings()

  it('reads all three layouts', () => {
    for (const [layout, text] of Object.entries(strings)) {
      const { format, session: read } = decodeSessionString(text)
      assert.deepEqual(
        [
          format,
          read.dcId,
          read.serverAddress,
          read.authKey,
          read.userId,
          read.isBot,
          read.testMode,
          read.apiId,
        ],
        ['pyrogram', 4, '149.154.167.91', KEY, 4242n, false, false, layout === 'today' ? 12345 : undefined],
      )
    }
  })

  it("writes today's", () => {
    const { session: read } = decodeSessionString(strings.old)
    assert.equal(encodeSessionString('pyrogram', { ...read, apiId: 12345 }), strings.today)
  })
})

describe('mtcute and our strings', () => {
  const theirs = writeStringSession({
    version: 3,
    primaryDcs: {
      main: { id: 2, ipAddress: '149.154.167.50', port: 443, ipv6: false, mediaOnly: false, testMode: false },
      media: {
        id: 2,
        ipAddress: '149.154.167.222',
        port: 443,
        ipv6: false,
        mediaOnly: true,
        testMode: false,
      },
    },
    self: { userId: 2 ** 40 + 1, isBot: true, isPremium: false, usernames: [] },
    authKey: KEY,
  })

  it('reads what mtcute wrote, and writes the same', () => {
    const { format, session: read } = decodeSessionString(theirs)
    assert.deepEqual(read, {
      ...portable({ dcId: 2, serverAddress: '149.154.167.50', port: 443, authKey: KEY }),
      userId: 2n ** 40n + 1n,
      isBot: true,
      testMode: false,
      mediaDc: { dcId: 2, serverAddress: '149.154.167.222', port: 443 },
    })
    assert.equal(format, 'mtcute')
    assert.equal(encodeSessionString('mtcute', read), theirs)
  })

  it('reads versions 1 and 2, also those that hold a second data centre without saying so', () => {
    for (const { text, hasMedia } of oldMtcuteStrings()) {
      const { format, session: read } = decodeSessionString(text)
      assert.deepEqual(
        [format, read.dcId, read.serverAddress, read.userId, read.isBot, read.authKey],
        ['mtcute', 2, '149.154.167.50', 4242n, false, KEY],
      )
      assert.equal(read.mediaDc?.serverAddress, hasMedia ? '149.154.167.222' : undefined)
    }
  })

  it('and @mtcute/convert agree in both directions', () => {
    const test = { ...FULL, dcId: 2, serverAddress: '149.154.167.40', testMode: true, isBot: false }
    for (const one of [FULL, test, { ...FULL, serverAddress: '2001:67c:4e8:f002::a' }]) {
      const pairs = [
        ['telethon', convertFromTelethonSession, convertToTelethonSession],
        ['gramjs', convertFromGramjsSession, convertToGramjsSession],
        [
          'pyrogram',
          convertFromPyrogramSession,
          (s: string) => convertToPyrogramSession(s, { apiId: 12345 }),
        ],
      ] as const
      for (const [name, from, to] of pairs) {
        const ours = encodeSessionString(name, one)
        assert.equal(encodeSessionString(name, one), to(encodeSessionString('mtcute', one)), name)
        const data = from(ours)
        assert.deepEqual(data.authKey, KEY)
        assert.equal(data.primaryDcs.main.id, one.dcId)
        assert.equal(data.primaryDcs.main.testMode ?? false, one.testMode)
      }
      const said = readStringSession(encodeSessionString('mtcute', one))
      assert.deepEqual([said.self?.userId, said.self?.isBot, said.authKey], [4242, one.isBot, KEY])
    }
  })
})

describe('what is no session string', () => {
  const secret = encodeSessionString('gramjs', HOME)

  it('is refused as such, and never repeated', () => {
    const texts = [
      '',
      ' ',
      'hello',
      '1',
      `${secret}AAAA`,
      secret.slice(0, -2),
      secret.slice(1),
      `2${secret.slice(1)}`,
    ]
    const damaged = [
      encodeSessionString('pyrogram', FULL).replace(/^.{7}/, 'BAAAA__'),
      encodeSessionString('mtcute', FULL).replace(/^.{8}/, 'A_____wD'),
      secret.replace(/^1.{4}/, '1AAAA'),
    ]
    for (const text of [...texts, ...damaged])
      assert.throws(
        () => decodeSessionString(text),
        (error) => {
          assert.ok(error instanceof TgsessionError)
          assert.match(error.code, /^session\.(not_a|bad)_string$/)
          for (let at = 0; at + 12 < text.length; at += 8)
            assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(text.slice(at, at + 12)))
          return true
        },
      )
  })

  it('throws only errors of ours, whatever is changed in it', () => {
    const strings = FORMATS.map((name) => Buffer.from(encodeSessionString(name, FULL)))
    const change = fc.tuple(fc.nat(400), fc.integer({ min: 32, max: 126 }))
    fc.assert(
      fc.property(
        fc.constantFrom(...strings),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: -20, max: 0 }),
        (string, changes, cut) => {
          const text = Buffer.from(string)
          for (const [at, character] of changes) if (at < text.length) text[at] = character
          try {
            decodeSessionString(text.subarray(0, text.length + cut).toString('latin1'))
          } catch (error) {
            assert.ok(error instanceof TgsessionError, String(error))
          }
        },
      ),
      { seed: 3, numRuns: 8000 },
    )
  })
})
