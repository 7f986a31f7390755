import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { type RandomBytes, concat, fromBigInt, sha256, toBigInt, xor } from '../bytes.ts'
import { DH_GENERATOR, DH_PRIME, DH_PRIME_BYTES, createDhSecret } from './dh.ts'
import { modPow } from './mod-pow.ts'

const derive = promisify(pbkdf2)
const G_BYTES = fromBigInt(BigInt(DH_GENERATOR), 256)
const MULTIPLIER = toBigInt(sha256(DH_PRIME_BYTES, G_BYTES))

const salted = (data: Uint8Array, salt: Uint8Array): Buffer => sha256(salt, data, salt)

/** What the server keeps of a password (core.telegram.org/api/srp): two salts and v = g^x. */
export interface SrpVerifier {
  salt1: Buffer
  salt2: Buffer
  verifier: bigint
}

export async function createVerifier(password: string, randomBytes: RandomBytes): Promise<SrpVerifier> {
  const salt1 = randomBytes(40)
  const salt2 = randomBytes(16)
  const first = salted(salted(Buffer.from(password), salt1), salt2)
  const slow = await derive(first, salt1, 100_000, 64, 'sha512')
  return { salt1, salt2, verifier: modPow(BigInt(DH_GENERATOR), toBigInt(salted(slow, salt2)), DH_PRIME) }
}

/** One question of account.getPassword: the server's public value and what it must remember for the answer. */
export interface SrpChallenge {
  id: bigint
  publicValue: Buffer
  secret: bigint
}

export function createChallenge({ verifier }: SrpVerifier, randomBytes: RandomBytes): SrpChallenge {
  const { secret, publicValue } = createDhSecret(randomBytes)
  const value = (MULTIPLIER * verifier + toBigInt(publicValue)) % DH_PRIME
  return { id: randomBytes(8).readBigInt64LE(), publicValue: fromBigInt(value, 256), secret }
}

/** Whether the client's A and M1 prove that it knows the password. */
export function proves(
  { salt1, salt2, verifier }: SrpVerifier,
  challenge: SrpChallenge,
  clientValue: Uint8Array,
  proof: Uint8Array,
): boolean {
  const a = toBigInt(clientValue)
  if (clientValue.length > 256 || a % DH_PRIME === 0n) return false
  const aBytes = fromBigInt(a, 256)
  const u = toBigInt(sha256(aBytes, challenge.publicValue))
  const shared = modPow((a * modPow(verifier, u, DH_PRIME)) % DH_PRIME, challenge.secret, DH_PRIME)
  const expected = sha256(
    xor(sha256(DH_PRIME_BYTES), sha256(G_BYTES)),
    sha256(salt1),
    sha256(salt2),
    aBytes,
    challenge.publicValue,
    sha256(fromBigInt(shared, 256)),
  )
  return expected.equals(proof)
}

/** The fields of passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow. */
export function kdfFields(
  salt1: Buffer,
  salt2: Buffer,
): { salt1: Buffer; salt2: Buffer; g: number; p: Buffer } {
  return { salt1: concat(salt1), salt2: concat(salt2), g: DH_GENERATOR, p: DH_PRIME_BYTES }
}
