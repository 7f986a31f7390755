/*
 * The frames of a zstd file. Node's reader stops after the first one and ignores what follows; `zstd -d` opens them all,
 * skips the skippable ones, and refuses anything else. Source: RFC 8878, section 3.1.
 */

const MAGIC = 0xfd2fb528
const SKIPPABLE = 0x184d2a50
const SIZE_BYTES = 4

/** Whether it begins as a zstd file does. */
export function isFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  return magic === MAGIC || isSkippable(magic)
}

/** The frames that hold data, in their order. Throws an Error if the bytes are not frames from the first to the last. */
export function framesOf(packed: Uint8Array): Uint8Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const frames: Uint8Array[] = []
  for (let at = 0; at < packed.length;) {
    const magic = view.getUint32(at, true)
    if (isSkippable(magic)) {
      at += 4 + SIZE_BYTES + view.getUint32(at + 4, true)
      if (at > packed.length) throw new Error('a skippable frame is cut off')
      continue
    }
    if (magic !== MAGIC) throw new Error('there is no zstd frame')
    const end = endOf(view, at)
    frames.push(packed.subarray(at, end))
    at = end
  }
  if (frames.length === 0) throw new Error('there is no zstd frame')
  return frames
}

/** A skippable frame after `frame`, so that the whole is a multiple of `step` bytes. */
export function padded(frame: Uint8Array, step: number): Uint8Array {
  const least = frame.length + 4 + SIZE_BYTES
  const bytes = Buffer.alloc(Math.ceil(least / step) * step)
  bytes.set(frame)
  bytes.writeUInt32LE(SKIPPABLE, frame.length)
  bytes.writeUInt32LE(bytes.length - least, frame.length + 4)
  return bytes
}

function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE
}

function endOf(view: DataView, start: number): number {
  const descriptor = view.getUint8(start + 4)
  const isSingle = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const contentBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  let at = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes + contentBytes
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    isLast = (header & 1) === 1
    const type = (header >> 1) & 3
    if (type === 3) throw new Error('a block is of an unknown type')
    // One byte represents a run of them.
    at += 3 + (type === 1 ? 1 : header >> 3)
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0)
  if (end > view.byteLength) throw new Error('a frame is cut off')
  return end
}
