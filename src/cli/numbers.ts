import { InvalidArgumentError } from 'commander'

/** Numbers on the command line. Commander tells what is wrong with one, and ends with 64. */

export function apiId(value: string): number {
  return Number(positive(value, 0x7fffffffn))
}

export function userId(value: string): bigint {
  return positive(value, BigInt(Number.MAX_SAFE_INTEGER))
}

export function revisionNumber(value: string): number {
  return Number(positive(value, 99_999_999n))
}

function positive(value: string, most: bigint): bigint {
  const number = /^\d{1,16}$/.test(value) ? BigInt(value) : 0n
  if (number >= 1n && number <= most) return number
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
}
