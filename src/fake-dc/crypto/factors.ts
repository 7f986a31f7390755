import type { RandomBytes } from '../bytes.ts'

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) if (odd % divisor === 0) return false
  return true
}

/** A random prime of 31 bits, small enough for trial division. */
function randomPrime(randomBytes: RandomBytes): number {
  for (;;) {
    const candidate = (randomBytes(4).readUInt32LE() >>> 1) | 0x6000_0001
    if (isPrime(candidate)) return candidate
  }
}

/** The riddle of resPQ: two different primes p < q whose product has 62 bits. */
export function createFactors(randomBytes: RandomBytes): { p: bigint; q: bigint } {
  const first = BigInt(randomPrime(randomBytes))
  for (;;) {
    const second = BigInt(randomPrime(randomBytes))
    if (second > first) return { p: first, q: second }
    if (second < first) return { p: second, q: first }
  }
}
