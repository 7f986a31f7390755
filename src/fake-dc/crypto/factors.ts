import type { RandomBytes } from '../bytes.ts'

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) if (odd % divisor === 0) return false
  return true
}

/** A random prime of `bits` bits: 31 at most, small enough for trial division. */
function randomPrime(randomBytes: RandomBytes, bits: number): bigint {
  for (;;) {
    const candidate = ((randomBytes(4).readUInt32LE() >>> (32 - bits)) | (1 << (bits - 1)) | 1) >>> 0
    if (isPrime(candidate)) return BigInt(candidate)
  }
}

/**
 * The riddle of resPQ: two primes p < q, each of at most four bytes. Telegram's are both of 31 bits or so; to find one of
 * 17 costs a client a hundredth of that.
 */
export function createFactors(randomBytes: RandomBytes): { p: bigint; q: bigint } {
  return { p: randomPrime(randomBytes, 17), q: randomPrime(randomBytes, 31) }
}
