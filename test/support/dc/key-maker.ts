import { constants, createHash, publicEncrypt, randomBytes } from 'node:crypto'
import bigInt from 'big-integer'
import { Factorizator } from 'telegram/crypto/Factorizator.js'
import { IGE } from 'telegram/crypto/IGE.js'
import { TlReader } from '../../../src/fake-dc/tl/reader.ts'
import { CODEC } from '../../../src/fake-dc/tl/schemas.ts'
import type { TlObject } from '../../../src/fake-dc/tl/value.ts'
import type { RawClient } from './raw-client.ts'

const hash = (name: string, ...parts: Uint8Array[]): Buffer =>
  createHash(name).update(Buffer.concat(parts)).digest()
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const bytes = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
const field = (object: TlObject, name: string): Buffer => {
  const value = object[name]
  if (!(value instanceof Uint8Array)) throw new Error(`${object._} has no bytes ${name}`)
  return Buffer.from(value)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus)
    if (rest & 1n) result = (result * square) % modulus
  return result
}

/** RSA_PAD of core.telegram.org/mtproto/auth_key. */
function rsaPad(data: Buffer, pem: string): Buffer {
  const padded = Buffer.concat([data, randomBytes(192 - data.length)])
  for (;;) {
    const tempKey = randomBytes(32)
    const withHash = Buffer.concat([Buffer.from(padded.toReversed()), hash('sha256', tempKey, padded)])
    const encrypted = new IGE(tempKey, Buffer.alloc(32)).encryptIge(withHash)
    const mask = hash('sha256', encrypted)
    const block = Buffer.concat([tempKey.map((byte, i) => byte ^ (mask[i] ?? 0)), encrypted])
    try {
      return publicEncrypt({ key: pem, padding: constants.RSA_NO_PADDING }, block)
    } catch {
      // The block was not smaller than the modulus: another temp key.
    }
  }
}

/** What a client may do wrong in the key exchange. */
export interface Mistakes {
  inner?: (inner: TlObject) => TlObject
  padding?: (data: Buffer, pem: string) => Buffer
  request?: (request: TlObject) => TlObject
  publicValue?: bigint
  damage?: boolean
}

/** The key exchange from the client's side. Returns the server's last answer (null: it hung up) and the key. */
export async function makeKey(
  client: RawClient,
  pem: string,
  { inner = (same) => same, padding = rsaPad, request = (same) => same, publicValue, damage }: Mistakes = {},
): Promise<{ answer: TlObject | null; key: Buffer }> {
  const nonce = randomBytes(16)
  const riddle = await client.plain({ _: 'req_pq_multi', nonce })
  if (!riddle) throw new Error('no resPQ')
  const pq = field(riddle, 'pq')
  const factors = Factorizator.factorize(bigInt(number(pq).toString()))
  const solution = { p: bytes(BigInt(factors.p.toString()), 4), q: bytes(BigInt(factors.q.toString()), 4) }
  const serverNonce = field(riddle, 'server_nonce')
  const newNonce = randomBytes(32)
  const echo = { nonce, server_nonce: serverNonce }
  const data = CODEC.encode(
    inner({ _: 'p_q_inner_data_dc', pq, ...solution, ...echo, new_nonce: newNonce, dc: 2 }),
    0,
  )
  const [fingerprint] = Array.isArray(riddle['server_public_key_fingerprints'])
    ? riddle['server_public_key_fingerprints']
    : []
  const ask: TlObject = {
    _: 'req_DH_params',
    ...echo,
    ...solution,
    public_key_fingerprint: fingerprint,
    encrypted_data: padding(data, pem),
  }
  const offer = await client.plain(request(ask))
  if (offer?._ !== 'server_DH_params_ok') return { answer: offer, key: Buffer.alloc(256) }

  const aesKey = Buffer.concat([
    hash('sha1', newNonce, serverNonce),
    hash('sha1', serverNonce, newNonce).subarray(0, 12),
  ])
  const aesIv = Buffer.concat([
    hash('sha1', serverNonce, newNonce).subarray(12),
    hash('sha1', newNonce, newNonce),
    newNonce.subarray(0, 4),
  ])
  const plain = new IGE(aesKey, aesIv).decryptIge(field(offer, 'encrypted_answer'))
  const parameters = CODEC.decode(new TlReader(plain.subarray(20)))
  const prime = number(field(parameters, 'dh_prime'))
  // Telegram wants 256 bytes, which cost eight times the time.
  const secret = number(randomBytes(32))
  const mine = publicValue ?? power(3n, secret, prime)
  const reply = CODEC.encode({ _: 'client_DH_inner_data', ...echo, retry_id: 0n, g_b: bytes(mine, 256) }, 0)
  const hashed = Buffer.concat([hash('sha1', reply), reply])
  if (damage) hashed[30]! ^= 1
  const padded = Buffer.concat([hashed, randomBytes(-hashed.length & 15)])
  const encrypted = new IGE(aesKey, aesIv).encryptIge(padded)
  const answer = await client.plain({ _: 'set_client_DH_params', ...echo, encrypted_data: encrypted })
  return { answer, key: bytes(power(number(field(parameters, 'g_a')), secret, prime), 256) }
}
