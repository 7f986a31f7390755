import { mkdir, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { errno } from './file-errors.ts'
import type { ReadOptions, TransferOptions } from './transfer.ts'

const CHUNK = 4 * 1024 * 1024
export const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Writes a new file and returns once the disk has it; the caller syncs its folder. */
export async function writeNew(
  file: string,
  bytes: Uint8Array,
  { signal, onProgress }: TransferOptions,
): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE)
  try {
    let done = 0
    while (done < bytes.length) {
      signal?.throwIfAborted()
      done += (await handle.write(bytes, done, Math.min(CHUNK, bytes.length - done))).bytesWritten
      onProgress?.(done, bytes.length)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The whole file, or null if it proves larger than `maxBytes`. */
export async function readWhole(file: string, options: ReadOptions = {}): Promise<Uint8Array | null> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    if (size > (options.maxBytes ?? Infinity)) return null
    const bytes = new Uint8Array(size)
    let done = 0
    while (done < size) {
      options.signal?.throwIfAborted()
      const { bytesRead } = await handle.read(bytes, done, Math.min(CHUNK, size - done))
      if (bytesRead === 0)
        throw Object.assign(new Error('the file shrank while it was read'), { code: 'EIO' })
      done += bytesRead
      options.onProgress?.(done, size)
    }
    return bytes
  } finally {
    await handle.close()
  }
}

interface OpensFolders {
  open(folder: string, flags: string): Promise<{ sync(): Promise<void>; close(): Promise<void> }>
}

/** Makes what was created, renamed or removed in this folder outlast a power cut. */
export async function syncFolder(folder: string, fs: OpensFolders = { open }): Promise<void> {
  // Windows opens no folders; NTFS logs the rename by itself.
  if (process.platform === 'win32') return
  const handle = await fs.open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * `mkdir -p` that outlasts a power cut. Step by step, because that of Node 24 never ends where the system lets nobody
 * make a folder (`/proc`).
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE })
  } catch (error) {
    const code = errno(error)
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    const parent = path.dirname(folder)
    if (code !== 'ENOENT' || (await isThere(parent))) throw error
    await makeFolder(parent)
    return makeFolder(folder)
  }
  await syncFolder(path.dirname(folder))
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error: unknown) => {
      if (errno(error) === 'ENOENT') return false
      throw error
    },
  )
}
