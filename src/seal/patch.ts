// As a whole: an older Node then comes as far as to say that it is too old.
import zlib from 'node:zlib'
import { UnsupportedError } from '../base/errors.ts'
import { padded } from './frames.ts'
import { nodeZstd, opensTo, type Zstd } from './zstd.ts'

/*
 * A patch is a zstd frame whose dictionary is a whole other file, as `zstd --patch-from=BASE` makes it and
 * `zstd -d --patch-from=BASE` opens it. Node loads a dictionary instead of referring to it, so that time and memory grow
 * with the base: beyond some size the gain is gone.
 */

/** Neither what is patched nor what comes out may be larger. */
export const MOST_PATCHED_BYTES = 16 * 1024 * 1024
/** The length of a patch reveals only how many of these it needs. */
export const PATCH_STEP_BYTES = 4096

const { ZSTD_c_checksumFlag, ZSTD_c_hashLog, ZSTD_c_windowLog } = zlib.constants
const LEAST_WINDOW_LOG = 10

/**
 * What makes `next` of `base`, in at most `mostBytes` before it is padded; null if it cannot be done in so few, or the
 * files are too large. It was opened again, and gave `next`.
 */
export async function makePatch(
  base: Uint8Array,
  next: Uint8Array,
  mostBytes: number,
): Promise<Uint8Array | null> {
  if (Math.max(base.length, next.length) > MOST_PATCHED_BYTES) return null
  const windowLog = windowLogOf(base, next)
  let frame = await compressed(nodeZstd, base, next, windowLog - 4)
  // A table of twice the size finds what the smaller one had no place for.
  if (frame.length > mostBytes) frame = await compressed(nodeZstd, base, next, windowLog - 3)
  if (frame.length > mostBytes) return null
  const patch = padded(frame, PATCH_STEP_BYTES)
  return (await opensTo(patch, next, base)) ? patch : null
}

/** Without these two parameters the whole base would not be looked at. */
async function compressed(
  { compress }: Zstd,
  base: Uint8Array,
  next: Uint8Array,
  hashLog: number,
): Promise<Uint8Array> {
  const params = {
    [ZSTD_c_windowLog]: windowLogOf(base, next),
    [ZSTD_c_hashLog]: hashLog,
    [ZSTD_c_checksumFlag]: 1,
  }
  return await compress(next, { dictionary: base, params })
}

/** A window that reaches over both. */
function windowLogOf(base: Uint8Array, next: Uint8Array): number {
  return Math.max(LEAST_WINDOW_LOG, Math.ceil(Math.log2(base.length + next.length)))
}

let works: Promise<boolean> | undefined

/** Whether this Node makes and opens patches: its option is experimental, and 24.0 to 24.5 ignore it without a word. */
export function patchesWork(): Promise<boolean> {
  return (works ??= tryPatches(nodeZstd))
}

/** By a patch made here, and by one that `zstd --patch-from` has made. */
export async function tryPatches(zstd: Zstd): Promise<boolean> {
  try {
    const frame = await compressed(zstd, TRIED_BASE, TRIED, windowLogOf(TRIED_BASE, TRIED) - 4)
    if (frame.length > TRIED.length / 4) return false
    for (const patch of [frame, FOREIGN]) {
      const opened = await zstd.decompress(patch, { dictionary: TRIED_BASE, maxOutputLength: TRIED.length })
      if (Buffer.compare(opened, TRIED) !== 0) return false
    }
    return true
  } catch {
    return false
  }
}

/** Bytes that cannot be packed without their base: Lehmer’s sequence. */
const TRIED_BASE = Uint8Array.from({ length: 4096 }, lehmer())
const TRIED = Buffer.concat([
  TRIED_BASE.subarray(0, 1000),
  Buffer.from('a new row'),
  TRIED_BASE.subarray(1000),
])
const FOREIGN = Buffer.from('KLUv/WQJD7UAAEhhIG5ldyByb3cCABVkgONf+QGoDhB9T/iN', 'base64')

function lehmer(): () => number {
  let state = 42
  return () => (state = (state * 48271) % 2147483647) & 0xff
}

/** Of a revision that is sound, for all that is known, but not for this Node. */
export function patchUnsupported(what: string): UnsupportedError {
  return new UnsupportedError(
    'runtime.unsupported',
    `${what}, and Node.js ${process.versions.node} cannot open patches`,
    {
      hint: 'Nothing is damaged, and nothing was changed. Use Node.js 22.19 or newer, or 24.6 or newer, here.',
    },
  )
}
