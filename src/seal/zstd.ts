import { promisify } from 'node:util'
// As a whole: an older Node then comes as far as to say that it is too old.
import zlib from 'node:zlib'
import { framesOf } from './frames.ts'

const compress = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)

/** The size is not given. */
export const FOREIGN_PIECE_BYTES = 1024 * 1024
const COMPARED_BYTES = 256 * 1024

/** What packs and opens; the self-test of patches tries others, too. */
export interface Zstd {
  compress: (plain: Uint8Array, options: zlib.ZstdOptions) => Promise<Uint8Array>
  decompress: (frame: Uint8Array, options: zlib.ZstdOptions) => Promise<Uint8Array>
}
export const nodeZstd: Zstd = { compress, decompress }

/** One whole frame with a checksum. */
export async function pack(plain: Uint8Array): Promise<Uint8Array> {
  return await compress(plain, {
    params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 },
    // What zstd may need for bytes that cannot be packed; memory that is not written to costs nothing.
    chunkSize: inOnePiece(plain.length + (plain.length >> 8) + 1024),
  })
}

/**
 * Opens all frames, those of a patch with its `base`. Throws an Error for what are no frames, and beyond `maxBytes`, of
 * all frames together: a few bytes may expand to gigabytes.
 */
export async function unpack(
  packed: Uint8Array,
  maxBytes: number,
  { pieceBytes = maxBytes, base }: { pieceBytes?: number; base?: Uint8Array | undefined } = {},
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let leftBytes = maxBytes
  const frames = framesOf(packed)
  const chunkSize = inOnePiece(frames.length === 1 ? pieceBytes : Math.min(pieceBytes, FOREIGN_PIECE_BYTES))
  const dictionary = base && { dictionary: base }
  for (const frame of frames) {
    const how = { maxOutputLength: Math.max(leftBytes, 1), chunkSize, ...dictionary }
    const part = await decompress(frame, how)
    leftBytes -= part.length
    if (leftBytes < 0) throw new RangeError('the frames hold more than they may')
    parts.push(part)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

/** Whether `packed` opens, and to nothing but `plain`. Takes no memory of that size. */
export async function opensTo(packed: Uint8Array, plain: Uint8Array, base?: Uint8Array): Promise<boolean> {
  let at = 0
  try {
    for (const frame of framesOf(packed)) {
      const dictionary = base && { dictionary: base }
      const stream = zlib.createZstdDecompress({ chunkSize: COMPARED_BYTES, ...dictionary })
      stream.end(frame)
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        if (Buffer.compare(chunk, plain.subarray(at, at + chunk.length)) !== 0) return false
        at += chunk.length
      }
    }
  } catch {
    return false
  }
  return at === plain.length
}

/** Pieces of zlib's default size take a large file four times as long, and twice its memory to join them. */
const inOnePiece = (bytes: number): number => Math.max(bytes, 64)
