import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Whether this process may mount. Root may; another user in a namespace: `unshare --map-root-user --mount npm run chaos`. */
export function mayMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'tgsession-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' }).status === 0
  if (mounted) spawnSync('umount', ['-l', folder])
  rmdirSync(folder)
  return mounted
}

/** A disk of a few megabytes in memory, which can be filled up to its last byte: then every write ends in ENOSPC. */
export class SmallDisk {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async mount(folder: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true })
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
    return new SmallDisk(folder)
  }

  async fill(): Promise<void> {
    const file = await open(this.#filler, 'a')
    try {
      for (let size = 65_536; size >= 1; size /= 16)
        for (let isFull = false; !isFull;)
          isFull = await file
            .write(Buffer.alloc(size))
            .then(({ bytesWritten }) => bytesWritten < size, isNoSpace)
    } finally {
      await file.close()
    }
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true })
  }

  async unmount(): Promise<void> {
    await run('umount', ['-l', this.folder])
  }

  get #filler(): string {
    return path.join(this.folder, 'filler')
  }
}

function isNoSpace(error: unknown): true {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return true
  throw error
}
