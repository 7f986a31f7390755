import { InvalidArgumentError } from 'commander'
import { durationMs, type Range } from '../../config/duration.ts'

/** Numbers on the command line. Commander reports what is wrong with one, and ends with 64. */

export function apiId(value: string): number {
  return Number(positive(value, 0x7fffffffn))
}

export function userId(value: string): bigint {
  return positive(value, BigInt(Number.MAX_SAFE_INTEGER))
}

export function fileVersion(value: string): number {
  return Number(positive(value, 99n))
}

export function revisionNumber(value: string): number {
  return Number(positive(value, 99_999_999n))
}

/** A time such as `30`, `30s` or `5m`, in milliseconds. */
export function duration(range: Range): (value: string) => number {
  return (value) => {
    const ms = durationMs(value, range)
    if (ms !== undefined) return ms
    const [least, most] = range.map((end) => end / 1000)
    throw new InvalidArgumentError(`It must be a time from ${least}s to ${most}s, such as 30s or 5m.`)
  }
}

function positive(value: string, most: bigint): bigint {
  const number = /^\d{1,16}$/.test(value) ? BigInt(value) : 0n
  if (number >= 1n && number <= most) return number
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
}
