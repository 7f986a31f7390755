import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { TgsessionError } from '../../src/base/errors.ts'
import { Cipher, type CipherOptions } from '../../src/seal/cipher.ts'
import { parseKey, parseRecipient, recipientOf } from '../../src/seal/key.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { missing } from '../support/requires.ts'

const NAME = 'x.session.zst.age'
const plain = randomBytes(20_000)
const newIdentity = (): string => parseKey(randomBytes(32).toString('hex'))
const identity = newIdentity()
const recipient = recipientOf(identity)
const cipher = (options: Partial<CipherOptions> = {}): Cipher =>
  new Cipher({ encryption: 'age', identities: [identity], recipient, ...options })

async function failure(work: Promise<unknown>): Promise<TgsessionError> {
  const error: unknown = await work.then(
    () => assert.fail('it worked'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TgsessionError, String(error))
  return error
}

describe('sealing', () => {
  it('comes back', async () => {
    const sealed = await cipher().seal(plain)
    assert.deepEqual(Buffer.from(await cipher().open(NAME, sealed, plain.length)), plain)
    assert.equal(cipher().suffix(), '.session.zst.age')
  })

  it('opens with an earlier key too', async () => {
    const sealed = await cipher().seal(plain)
    const rotated = cipher({ identities: [newIdentity(), identity] })
    assert.deepEqual(Buffer.from(await rotated.open(NAME, sealed, plain.length)), plain)
  })

  it('only compresses when encryption is off, and opens each by its name', async () => {
    const none = cipher({ encryption: 'none', identities: [], recipient: undefined })
    assert.equal(none.suffix(), '.session.zst')
    const packed = await none.seal(plain)
    assert.deepEqual(Buffer.from(await none.open('x.session.zst', packed.slice(), plain.length)), plain)
    assert.deepEqual(Buffer.from(await cipher().open('x.session.zst', packed, plain.length)), plain)
  })

  it('needs only the recipient to seal, and an identity to open', async () => {
    const ci = cipher({ identities: [] })
    const sealed = await ci.seal(plain)
    assert.deepEqual(Buffer.from(await cipher().open(NAME, sealed, plain.length)), plain)
    const unopened = await failure(ci.open(NAME, sealed, plain.length))
    assert.equal(unopened.code, 'key.missing')
    assert.match(unopened.hint, /the one that it was saved with/)
    assert.equal((await failure(cipher({ recipient: undefined }).seal(plain))).code, 'key.missing')
  })

  it('tells a wrong key from damage', async () => {
    const sealed = await cipher().seal(plain)
    const wrong = cipher({ identities: [newIdentity()] })
    const error = await failure(wrong.open(NAME, sealed, plain.length))
    assert.equal(error.code, 'key.wrong')
    assert.equal(error.exitCode, 78)
  })

  it('finds every flipped bit and every cut', async () => {
    const small = randomBytes(64)
    const sealed = await cipher().seal(small)
    for (let index = 0; index < sealed.length; index++) {
      const bad = sealed.slice()
      bad[index]! ^= 1 << (index % 8)
      const { code } = await failure(cipher().open(NAME, bad, small.length))
      // The part of the header that names the recipient cannot be told from another's; the hash in the name can.
      assert.ok(code === 'revision.corrupt' || (code === 'key.wrong' && index < 150), `${code} at ${index}`)
    }
    for (const length of [0, 10, 150, 200, sealed.length - 1])
      assert.equal(
        (await failure(cipher().open(NAME, sealed.subarray(0, length), small.length))).code,
        'revision.corrupt',
        `cut at ${length}`,
      )
  })

  it('finds damage without encryption as well', async () => {
    const packed = await cipher({ encryption: 'none' }).seal(plain)
    const bad = packed.slice()
    bad[bad.length >> 1]! ^= 1
    assert.equal((await failure(cipher().open('x.session.zst', bad, plain.length))).code, 'revision.corrupt')
    const cut = packed.subarray(0, packed.length - 1)
    assert.equal((await failure(cipher().open('x.session.zst', cut, plain.length))).code, 'revision.corrupt')
  })

  it('stops unpacking at the size that was promised', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(200 * 1024 * 1024))
    assert.ok(bomb.length < 50_000)
    const before = process.memoryUsage().rss
    const error = await failure(cipher().open('x.session.zst', bomb, 100_000))
    assert.equal(error.code, 'revision.corrupt')
    const grown = process.memoryUsage().rss - before
    assert.ok(grown < 60 * 1024 * 1024, `grew by ${grown}`)
    const pieces = Buffer.concat(Array.from({ length: 100 }, () => zstdCompressSync(Buffer.alloc(2000))))
    assert.equal((await failure(cipher().open('x.session.zst', pieces, 199_999))).code, 'revision.corrupt')
    assert.equal((await cipher().open('x.session.zst', pieces, 200_000)).length, 200_000)
    const even = await cipher().seal(plain)
    assert.equal((await failure(cipher().open(NAME, even, plain.length - 1))).code, 'revision.corrupt')
  })
})

describe('TGSESSION_KEY', () => {
  it('is one key in both forms, in any case, with space around it', () => {
    const hex = randomBytes(32).toString('hex')
    const form = parseKey(hex)
    assert.match(form, /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/)
    for (const text of [hex.toUpperCase(), ` ${hex}\n`, form, form.toLowerCase(), `\t${form} `])
      assert.equal(parseKey(text), form)
  })

  it('refuses all else without repeating it', () => {
    const hex = randomBytes(32).toString('hex')
    const form = parseKey(hex)
    const wrong = form.slice(0, -1) + (form.endsWith('Q') ? 'P' : 'Q')
    for (const text of [
      '',
      hex.slice(1),
      `${hex}0`,
      wrong,
      form.slice(0, -2),
      recipient,
      `0x${hex}`,
      'password',
    ])
      assert.throws(
        () => parseKey(text, 'TGSESSION_KEY_PREVIOUS'),
        (error) => {
          assert.ok(error instanceof TgsessionError)
          assert.equal(error.code, 'key.malformed')
          assert.match(error.message, /^TGSESSION_KEY_PREVIOUS /)
          const told = `${error.message}${error.hint}${String(error.cause)}${error.stack}`
          return text.length < 9 || !told.toLowerCase().includes(text.slice(4, 30).toLowerCase())
        },
      )
  })

  it('has a recipient that can be checked', () => {
    assert.equal(parseRecipient(` ${recipient.toUpperCase()} `), recipient)
    for (const text of ['', 'age1', recipient.slice(0, -1), identity, 'ssh-ed25519 AAAA'])
      assert.throws(() => parseRecipient(text), { code: 'recipient.malformed' })
  })

  it('stands in no error', async () => {
    const sealed = await cipher().seal(plain)
    const other = newIdentity()
    const errors = [
      await failure(cipher({ identities: [other] }).open(NAME, sealed, plain.length)),
      await failure(cipher().open(NAME, sealed.subarray(5), plain.length)),
      await failure(cipher().open('x.session.zst', Buffer.from(identity), 10)),
    ]
    for (const { message, hint, cause, stack } of errors) {
      const told = `${message}${hint}${String(cause)}${cause instanceof Error ? cause.message : ''}${stack}`
      for (const secret of [identity, other]) assert.ok(!told.includes(secret.slice(15)), told)
    }
  })
})

const run = (command: string, args: string[], input: Uint8Array): Buffer => {
  const { status, stdout, stderr } = spawnSync(command, args, { input })
  assert.equal(status, 0, stderr.toString())
  return stdout
}

describe('Debian’s age and zstd', () => {
  const skip = missing.command('age') || missing.command('zstd')

  it('open what we seal', { skip }, async () => {
    const keyFile = path.join(temporaryFolder(), 'key')
    writeFileSync(keyFile, `${identity}\n`)
    const packed = run('age', ['-d', '-i', keyFile], await cipher().seal(plain))
    assert.deepEqual(run('zstd', ['-d'], packed), plain)
  })

  it('seal what we open', { skip }, async () => {
    const packed = run('zstd', ['-19', '-c'], plain)
    const sealed = run('age', ['-r', recipient], packed)
    assert.deepEqual(Buffer.from(await cipher().open(NAME, sealed, plain.length)), plain)
  })

  it(
    'seal by hand, in letters, in several frames and with skippable ones, what we open',
    { skip },
    async () => {
      const [first, second] = [plain.subarray(0, 7000), plain.subarray(7000)]
      const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
      const frames = [run('zstd', ['-c'], first), run('zstd', ['-3', '--no-check', '-c'], second)]
      const packed = Buffer.concat([skippable, ...frames, skippable])
      assert.deepEqual(run('zstd', ['-d'], packed), plain)
      const open = async (sealed: Uint8Array): Promise<Buffer> =>
        Buffer.from(await cipher().open(NAME, Uint8Array.from(sealed), plain.length))
      assert.deepEqual(await open(run('age', ['-r', recipient], packed)), plain)
      const armored = run('age', ['-a', '-r', recipient], packed)
      assert.deepEqual(await open(armored), plain)
      assert.deepEqual(await open(Buffer.concat([Buffer.from('\r\n '), armored])), plain)
      assert.deepEqual(Buffer.from(await cipher().openForeign(armored, plain.length)), plain)
      for (const bad of [
        Buffer.concat([packed, Buffer.from('rubbish')]),
        Buffer.concat([packed, skippable.subarray(0, 10)]),
        skippable,
        packed.subarray(0, -20),
      ])
        assert.equal(
          (await failure(cipher().open('x.session.zst', bad, plain.length))).code,
          'revision.corrupt',
        )
    },
  )

  it('know the same recipient', { skip: missing.command('age-keygen') }, () => {
    assert.equal(
      run('age-keygen', ['-y'], Buffer.from(`${identity}\n`))
        .toString()
        .trim(),
      recipient,
    )
  })
})
