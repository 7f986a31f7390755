import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { armor, Decrypter, Encrypter, generateX25519Identity } from 'age-encryption'
import * as cctv from 'cctv-age'
import { decrypt, encrypt } from '../../src/seal/age/age.ts'
import { decodeArmor } from '../../src/seal/age/header.ts'
import { parseKey, recipientBytes, recipientOf, secretOf } from '../../src/seal/key.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { missing } from '../support/requires.ts'

const CHUNK = 64 * 1024
const identity = parseKey(randomBytes(32).toString('hex'))
const recipient = recipientOf(identity)
const sealed = (plain: Uint8Array): Uint8Array => encrypt(plain, recipientBytes(recipient))
const opened = (file: Uint8Array): Uint8Array | null => decrypt(new Uint8Array(file), [secretOf(identity)])

function same(found: Uint8Array | null, expected: Buffer): void {
  assert.ok(found && Buffer.from(found).equals(expected))
}

interface Vector {
  expect: string
  identities: string[]
  payload: string | undefined
  isArmored: boolean
  file: Uint8Array
}

/** What a vector is: fields, an empty line, an age file. Null for a feature that we do not have. */
function parseVector(bytes: Uint8Array): Vector | null {
  const end = Buffer.from(bytes).indexOf('\n\n')
  const lines = Buffer.from(bytes.subarray(0, end)).toString().split('\n')
  const of = (name: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
  const identities = of('identity').filter((one) => one.startsWith('AGE-SECRET-KEY-1'))
  if (of('passphrase').length > 0 || of('identity').length > identities.length) return null
  const body = bytes.subarray(end + 2)
  const [file, isArmored] = [of('compressed').length > 0 ? inflateSync(body) : body, of('armored').length > 0]
  return { expect: of('expect')[0] ?? '', identities, payload: of('payload')[0], isArmored, file }
}

describe('C2SP’s test vectors of the age format', () => {
  for (const [name, bytes] of Object.entries(cctv)) {
    const vector = bytes instanceof Uint8Array ? parseVector(bytes) : null
    if (!vector) continue
    it(`${name}: ${vector.expect}`, () => {
      const { expect, identities, payload, isArmored, file } = vector
      const open = (): Uint8Array | null =>
        decrypt(isArmored ? decodeArmor(file) : new Uint8Array(file), identities.map(secretOf))
      if (expect === 'no match') assert.equal(open(), null)
      else if (expect === 'success')
        assert.equal(
          createHash('sha256')
            .update(open() ?? '')
            .digest('hex'),
          payload,
        )
      else assert.throws(open)
    })
  }
})

describe('an age file of ours', () => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17])
    it(`is what typage reads and writes, at ${size} bytes`, async () => {
      const plain = randomBytes(size)
      const decrypter = new Decrypter()
      decrypter.addIdentity(identity)
      assert.deepEqual(Buffer.from(await decrypter.decrypt(sealed(plain))), plain)
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipientOf(await generateX25519Identity()))
      encrypter.addRecipient(recipient)
      const theirs = await encrypter.encrypt(plain)
      same(opened(theirs), plain)
      same(opened(decodeArmor(Buffer.from(armor.encode(theirs)))), plain)
    })

  it('is refused with a chunk cut off, left out, moved, doubled or of another file', () => {
    const plain = randomBytes(3 * CHUNK + 100)
    const file = sealed(plain)
    const at = file.length - (plain.length + 4 * 16)
    const chunk = (k: number): Uint8Array => file.subarray(at + k * (CHUNK + 16), at + (k + 1) * (CHUNK + 16))
    const of = (...chunks: Uint8Array[]): Uint8Array => Buffer.concat([file.subarray(0, at), ...chunks])
    same(opened(of(chunk(0), chunk(1), chunk(2), chunk(3))), plain)
    const other = sealed(plain)
    const wrong = {
      'cut off': of(chunk(0), chunk(1), chunk(2)),
      'left out': of(chunk(0), chunk(2), chunk(3)),
      moved: of(chunk(1), chunk(0), chunk(2), chunk(3)),
      doubled: of(chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)),
      'more at the end': of(chunk(0), chunk(1), chunk(2), chunk(3), Buffer.alloc(1)),
      'of another file': of(chunk(0), chunk(1), chunk(2), other.subarray(-116)),
      'no chunk': of(),
    }
    for (const [name, bytes] of Object.entries(wrong)) assert.throws(() => opened(bytes), Error, name)
  })

  it('never comes out twice the same', () => {
    assert.notDeepEqual(sealed(randomBytes(0)), sealed(randomBytes(0)))
  })
})

function age(args: string[], input: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync('age', args, { input })
  assert.equal(status, 0, stderr.toString())
  return stdout
}

describe('Debian’s age', () => {
  const skip = missing.command('age') || missing.command('age-keygen')
  it('seals for several, in letters too, what one of them opens', { skip }, () => {
    const plain = randomBytes(2 * CHUNK + 5)
    const other = recipientOf(parseKey(randomBytes(32).toString('hex')))
    same(opened(age(['-r', other, '-r', recipient], plain)), plain)
    same(opened(decodeArmor(age(['-a', '-r', recipient, '-r', other], plain))), plain)
    assert.equal(opened(age(['-r', other], plain)), null)
  })

  it('opens what we seal', { skip }, () => {
    const keyFile = path.join(temporaryFolder(), 'key')
    writeFileSync(keyFile, `${identity}\n`)
    for (const size of [0, CHUNK, CHUNK + 1]) {
      const plain = randomBytes(size)
      assert.deepEqual(age(['-d', '-i', keyFile], sealed(plain)), plain)
    }
  })
})
