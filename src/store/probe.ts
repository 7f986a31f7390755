import { ConflictError, ForbiddenError, UnsupportedError } from '../base/errors.ts'
import type { ObjectStore, StoreOptions, Version } from './store.ts'

export interface ProbeOptions extends StoreOptions {
  /** A fresh random text, fit for a key. */
  suffix: string
}

export interface ProbeResult {
  ok: true
  /** The probe's own object, where the service does not let us remove it. */
  leftover?: string
}

/**
 * Tries whether the store honours the conditions on which everything rests: on a fresh key it creates, creates again,
 * replaces, and replaces on a version that is gone. Throws `UnsupportedError`: `store.ignores_conditions` or
 * `store.refuses_conditions`. Other errors of the store pass.
 */
export async function probeConditions(store: ObjectStore, options: ProbeOptions): Promise<ProbeResult> {
  const key = `.probe/${options.suffix}`
  try {
    const created = await mustTake(store, key, 'absent', options, 'first')
    await mustRefuse(store, key, 'absent', options, 'second')
    const replaced = await mustTake(store, key, created, options, 'third')
    await mustRefuse(store, key, created, options, 'fourth')
    // A store that gives every write one and the same version cannot tell the old one from the new one.
    if (replaced === created) throw ignores(store)
  } catch (error) {
    // What went wrong is the answer; that the leftover could not be removed either would only hide it.
    await store.delete(key, options).catch(() => undefined)
    throw error
  }
  try {
    await store.delete(key, options)
  } catch (error) {
    if (error instanceof ForbiddenError) return { ok: true, leftover: key }
    throw error
  }
  return { ok: true }
}

async function mustTake(
  store: ObjectStore,
  key: string,
  condition: 'absent' | Version,
  options: ProbeOptions,
  name: string,
): Promise<Version> {
  const body = bodyOf(options, name)
  try {
    return await store.put(key, body, condition, options)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    // It may have been taken with its first answer lost, and have conflicted with itself.
    const found = await store.get(key, { ...options, maxBytes: 1024 })
    if (found !== null && Buffer.compare(found.bytes, body) === 0) return found.version
    throw new UnsupportedError(
      'store.refuses_conditions',
      `${store.label}: refuses conditional writes that should succeed`,
      {
        hint: 'Ceph does so where versioning is on: switch it off for this bucket, or use another store.',
        cause: error,
      },
    )
  }
}

async function mustRefuse(
  store: ObjectStore,
  key: string,
  condition: 'absent' | Version,
  options: ProbeOptions,
  name: string,
): Promise<void> {
  try {
    await store.put(key, bodyOf(options, name), condition, options)
  } catch (error) {
    if (error instanceof ConflictError) return
    throw error
  }
  throw ignores(store)
}

function bodyOf(options: ProbeOptions, name: string): Uint8Array {
  return new TextEncoder().encode(
    `tgsession tries whether conditional writes work here: ${options.suffix}, ${name}\n`,
  )
}

function ignores(store: ObjectStore): UnsupportedError {
  return new UnsupportedError(
    'store.ignores_conditions',
    `${store.label}: ignores the conditions of writes`,
    {
      hint: 'Two instances could overwrite each other. Use a store with conditional writes (AWS S3, R2, Tigris, Scaleway, Ceph without versioning), or a folder.',
    },
  )
}
