import { type RandomBytes, concat, fromBigInt, sha1, toBigInt, xor } from './bytes.ts'
import { DH_GENERATOR, DH_PRIME, DH_PRIME_BYTES, createDhSecret, isSafePublicValue } from './crypto/dh.ts'
import { createFactors } from './crypto/factors.ts'
import { decryptIge, encryptIge } from './crypto/ige.ts'
import { modPow } from './crypto/mod-pow.ts'
import type { ServerKey } from './crypto/rsa.ts'
import { ProtocolError } from './errors.ts'
import { ANY_LAYER, CODEC } from './tl/schemas.ts'
import { bytesOf, intOf, longOf } from './tl/fields.ts'
import { TlReader } from './tl/reader.ts'
import type { TlObject } from './tl/value.ts'

interface Riddle {
  nonce: Buffer
  serverNonce: Buffer
  p: bigint
  q: bigint
}

interface Secrets {
  newNonce: Buffer
  /** Of a temporary key, in seconds. */
  expiresIn: number | null
  secret: bigint
  aesKey: Buffer
  aesIv: Buffer
}

export interface KeyExchangeOptions {
  serverKey: ServerKey
  dcId: number
  now: () => number
  randomBytes: RandomBytes
  /** Takes a new 256-byte auth key and its first salt; false when a key of that id exists already. */
  register: (authKey: Buffer, salt: bigint, expiresIn: number | null) => boolean
}

const INNER_DATA = ['p_q_inner_data', 'p_q_inner_data_dc', 'p_q_inner_data_temp', 'p_q_inner_data_temp_dc']

const dataLength = (candidate: Buffer): number => {
  const reader = new TlReader(candidate)
  CODEC.decode(reader)
  return reader.position
}

/** core.telegram.org/mtproto/auth_key from the server's side; one for each connection, started anew at will. */
export class KeyExchange {
  readonly #options: KeyExchangeOptions
  #riddle: Riddle | null = null
  #secrets: Secrets | null = null

  constructor(options: KeyExchangeOptions) {
    this.#options = options
  }

  /** The answer to an unencrypted request. @throws ProtocolError when the client makes a mistake */
  answer(request: TlObject): TlObject {
    switch (request._) {
      case 'req_pq':
      case 'req_pq_multi':
        return this.#askRiddle(request)
      case 'req_DH_params':
        return this.#offerParameters(request)
      case 'set_client_DH_params':
        return this.#agree(request)
      default:
        throw new ProtocolError(`${request._} is no request of the key exchange`)
    }
  }

  #askRiddle(request: TlObject): TlObject {
    const { randomBytes, serverKey } = this.#options
    const { p, q } = createFactors(randomBytes)
    this.#riddle = { nonce: bytesOf(request, 'nonce'), serverNonce: randomBytes(16), p, q }
    this.#secrets = null
    const { nonce, serverNonce } = this.#riddle
    return {
      _: 'resPQ',
      nonce,
      server_nonce: serverNonce,
      // Clients read it as a signed number.
      pq: fromBigInt(p * q, 8),
      server_public_key_fingerprints: [serverKey.fingerprint],
    }
  }

  #offerParameters(request: TlObject): TlObject {
    const { serverKey, dcId, randomBytes, now } = this.#options
    const riddle = this.#checkNonces(request)
    if (longOf(request, 'public_key_fingerprint') !== serverKey.fingerprint)
      throw new ProtocolError('unknown RSA fingerprint')
    const inner = CODEC.decode(
      new TlReader(serverKey.decrypt(bytesOf(request, 'encrypted_data'), dataLength)),
    )
    if (!INNER_DATA.includes(inner._)) throw new ProtocolError(`${inner._} is not accepted`)
    this.#checkNonces(inner)
    if (inner['dc'] !== undefined && intOf(inner, 'dc') !== dcId)
      throw new ProtocolError('the client meant another data centre')
    const newNonce = bytesOf(inner, 'new_nonce')
    const echo = { nonce: riddle.nonce, server_nonce: riddle.serverNonce }
    if (!solves(riddle, request) || !solves(riddle, inner))
      return { _: 'server_DH_params_fail', ...echo, new_nonce_hash: sha1(newNonce).subarray(4, 20) }

    const { secret, publicValue } = createDhSecret(randomBytes)
    const aesKey = concat(
      sha1(newNonce, riddle.serverNonce),
      sha1(riddle.serverNonce, newNonce).subarray(0, 12),
    )
    const aesIv = concat(
      sha1(riddle.serverNonce, newNonce).subarray(12),
      sha1(newNonce, newNonce),
      newNonce.subarray(0, 4),
    )
    const expiresIn = inner['expires_in'] === undefined ? null : intOf(inner, 'expires_in')
    this.#secrets = { newNonce, expiresIn, secret, aesKey, aesIv }
    const answer = CODEC.encode(
      {
        _: 'server_DH_inner_data',
        ...echo,
        g: DH_GENERATOR,
        dh_prime: DH_PRIME_BYTES,
        g_a: publicValue,
        server_time: Math.floor(now() / 1000),
      },
      ANY_LAYER,
    )
    const hashed = concat(sha1(answer), answer)
    const padded = concat(hashed, randomBytes(-hashed.length & 15))
    return { _: 'server_DH_params_ok', ...echo, encrypted_answer: encryptIge(padded, aesKey, aesIv) }
  }

  #agree(request: TlObject): TlObject {
    const riddle = this.#checkNonces(request)
    const secrets = this.#secrets
    if (!secrets) throw new ProtocolError('set_client_DH_params came too early')
    const publicValue = toBigInt(this.#clientValue(bytesOf(request, 'encrypted_data'), secrets))
    const authKey = fromBigInt(modPow(publicValue, secrets.secret, DH_PRIME), 256)
    const answer = (name: string, number: number): TlObject => ({
      _: name,
      nonce: riddle.nonce,
      server_nonce: riddle.serverNonce,
      new_nonce_hash: sha1(secrets.newNonce, Buffer.of(number), sha1(authKey).subarray(0, 8)).subarray(4, 20),
    })
    if (!isSafePublicValue(publicValue)) return answer('dh_gen_fail', 3)
    const salt = xor(secrets.newNonce.subarray(0, 8), riddle.serverNonce.subarray(0, 8)).readBigInt64LE()
    if (!this.#options.register(authKey, salt, secrets.expiresIn)) return answer('dh_gen_retry', 2)
    this.#riddle = null
    this.#secrets = null
    return answer('dh_gen_ok', 1)
  }

  #clientValue(encrypted: Buffer, { aesKey, aesIv }: Secrets): Buffer {
    if (encrypted.length < 32 || encrypted.length % 16 !== 0) throw new ProtocolError('bad client DH data')
    const plain = decryptIge(encrypted, aesKey, aesIv)
    const data = plain.subarray(20)
    const inner = CODEC.decode(new TlReader(data))
    if (
      inner._ !== 'client_DH_inner_data' ||
      !sha1(data.subarray(0, dataLength(data))).equals(plain.subarray(0, 20))
    )
      throw new ProtocolError('the hash of the client DH data is wrong')
    this.#checkNonces(inner)
    return bytesOf(inner, 'g_b')
  }

  #checkNonces(object: TlObject): Riddle {
    const riddle = this.#riddle
    if (!riddle?.nonce.equals(bytesOf(object, 'nonce'))) throw new ProtocolError('wrong nonce')
    if (!riddle.serverNonce.equals(bytesOf(object, 'server_nonce')))
      throw new ProtocolError('wrong server nonce')
    return riddle
  }
}

function solves({ p, q }: Riddle, answer: TlObject): boolean {
  if (answer['pq'] !== undefined && toBigInt(bytesOf(answer, 'pq')) !== p * q) return false
  return toBigInt(bytesOf(answer, 'p')) === p && toBigInt(bytesOf(answer, 'q')) === q
}
