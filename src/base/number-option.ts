import { ConfigurationError } from './errors.ts'

export interface NumberRange {
  min: number
  max: number
}

/** A day: no wait of ours is longer. */
const DAY_MS = 24 * 60 * 60 * 1000

/** Milliseconds that something may take or wait. */
export const ANY_MS: NumberRange = { min: 0, max: DAY_MS }
/** Milliseconds, or as many of something, without an end if that is wished. */
export const NO_END: NumberRange = { min: 0, max: Infinity }
/** As TGSESSION_LEASE_TTL: shorter ones cannot be renewed in time, longer ones keep everybody waiting. */
export const TTL_MS: NumberRange = { min: 2000, max: 60 * 60 * 1000 }

/**
 * Numeric options of the library by name, each `undefined` or a number within its range.
 * @throws ConfigurationError `option.not_a_number`, for example for NaN, '45s' or a number out of range
 */
export function checkNumbers(options: Record<string, readonly [value: unknown, range: NumberRange]>): void {
  for (const [name, [value, { min, max }]] of Object.entries(options)) {
    if (value === undefined) continue
    if (typeof value === 'number' && value >= min && value <= max) continue
    throw new ConfigurationError('option.not_a_number', `${name} is no number from ${min} to ${max}`, {
      hint: name.endsWith('Ms') ? 'Give milliseconds as a number, such as 45000.' : 'Give a number.',
    })
  }
}
