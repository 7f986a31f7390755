import { BadDataError, ConfigurationError, ConflictError } from '../../base/errors.ts'

/** The refusals that all backends share, so that they read the same. */

export function conflict(label: string, key: string): ConflictError {
  return new ConflictError(
    'store.conflict',
    `${label}: ${key} was changed by somebody else in the meantime`,
    {
      hint: 'Read it again and decide anew; the write may also have been your own, with its first answer lost.',
    },
  )
}

export function tooLarge(label: string, key: string, maxBytes: number): BadDataError {
  return new BadDataError('store.too_large', `${label}: ${key} is larger than ${maxBytes} bytes`, {
    hint: 'This is not an object that tgsession wrote, or it was damaged. Look at what lies there.',
  })
}

export function badKey(key: string, reason: string): ConfigurationError {
  return new ConfigurationError('store.bad_key', `the key ${JSON.stringify(key)} ${reason}`, {
    hint: 'A key is like main/head.json: names divided by single slashes, none of them empty, "." or "..".',
  })
}
