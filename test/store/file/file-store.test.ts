import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  BadDataError,
  ConfigurationError,
  ForbiddenError,
  UnreachableError,
} from '../../../src/base/errors.ts'
import { fileError, isSystemError } from '../../../src/base/file-errors.ts'
import { FileStore } from '../../../src/store/file/file-store.ts'
import { storeContract } from '../../support/store/store-contract.ts'
import { troubleContract } from '../../support/store/trouble-contract.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const temporary = async (): Promise<string> => mkdtemp(path.join(os.tmpdir(), 'tgsession-file-store-'))

storeContract(
  'file',
  async () => {
    const root = await temporary()
    return {
      store: await FileStore.open(root),
      another: async () => FileStore.open(root),
      close: async () => rm(root, { recursive: true }),
    }
  },
  { large: true },
)

// Who is not let in, and a disk that is full: below.
troubleContract(
  'file',
  async () => {
    const root = await temporary()
    const missing = async (): Promise<FileStore> => {
      const store = await FileStore.open(root)
      await rm(root, { recursive: true })
      return store
    }
    return { missing, close: async () => {} }
  },
  { network: false, refuses: false },
)

describe('FileStore', () => {
  let root: string
  let store: FileStore

  before(async () => {
    root = path.join(await temporary(), 'new', 'folder')
    store = await FileStore.open(root)
  })
  after(async () => rm(path.resolve(root, '../..'), { recursive: true }))

  it('shows every object as a plain file, the newest version of it', async () => {
    const revision = 'main/revisions/000001-abc.session.zst.age'
    await store.put(revision, text('revision'), 'absent')
    assert.equal(await readFile(path.join(root, revision), 'utf8'), 'revision')
    const first = await store.put('main/head.json', text('one'), 'absent')
    assert.equal(await readFile(path.join(root, 'main/head.json'), 'utf8'), 'one')
    await store.put('main/head.json', text('two'), first)
    assert.equal(await readFile(path.join(root, 'main/head.json'), 'utf8'), 'two')
    await store.delete('main/head.json')
    await assert.rejects(stat(path.join(root, 'main/head.json')), { code: 'ENOENT' })
  })

  it('shows the newest version also after a race', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, async () => FileStore.open(root)))
    await store.put('race', text('start'), 'absent')
    for (let round = 0; round < 20; round += 1) {
      const { version } = (await store.get('race'))!
      await Promise.allSettled(others.map(async (one, i) => one.put('race', text(`${round} ${i}`), version)))
      const { bytes } = (await store.get('race'))!
      assert.deepEqual(new Uint8Array(await readFile(path.join(root, 'race'))), bytes)
    }
  })

  it('keeps files at 0600 and folders at 0700, and no old version', async () => {
    let version = await store.put('modes/head', text('0'), 'absent')
    for (let i = 1; i < 10; i += 1) version = await store.put('modes/head', text(String(i)), version)
    const names = await readdir(root, { recursive: true, withFileTypes: true })
    for (const entry of names) {
      const { mode } = await stat(path.join(entry.parentPath, entry.name))
      assert.equal(mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, entry.name)
    }
    const held = path.join(root, '.versions/keys/modes/head%')
    assert.deepEqual(await readdir(held), [version])
    assert.deepEqual(await readdir(path.join(held, version)), [version])
    assert.deepEqual(await readdir(path.join(root, '.versions/tmp')), [])
  })

  it('takes no leftover and no foreign file for an object, and sweeps what is a day old', async () => {
    const drafts = path.join(root, '.versions/tmp')
    await writeFile(path.join(drafts, 'old'), 'x')
    await writeFile(path.join(drafts, 'young'), 'x')
    await writeFile(path.join(root, 'foreign'), 'x')
    await writeFile(path.join(root, '.versions/keys/foreign'), 'x')
    const version = await store.put('left', text('1'), 'absent')
    const held = path.join(root, '.versions/keys/left%')
    await writeFile(path.join(held, version, '2-of a crashed writer'), 'x')
    assert.equal(await store.get('foreign'), null)
    for await (const key of store.list('')) assert.doesNotMatch(key, /foreign|old|young/)

    const twoDays = 2 * 24 * 60 * 60
    await utimes(path.join(drafts, 'old'), 1, Date.now() / 1000 - twoDays)
    await FileStore.open(root)
    assert.deepEqual(await readdir(drafts), ['young'])
    await FileStore.open(root, { now: () => Date.now() + twoDays * 1000 })
    assert.deepEqual(await readdir(drafts), [])

    const next = await store.put('left', text('2'), version)
    assert.deepEqual(await readdir(path.join(held, next)), [next])
  })

  it('says that the folder has gone, and never that the object is not there', async () => {
    const gone = await temporary()
    const own = await FileStore.open(gone)
    const version = await own.put('key', text('1'), 'absent')
    await rm(gone, { recursive: true })
    await assert.rejects(own.get('key'), isNotFound)
    await assert.rejects(own.put('key', text('2'), version), isNotFound)
    await assert.rejects(own.put('other', text('2'), 'absent'), isNotFound)
    await assert.rejects(own.delete('key'), isNotFound)
    await assert.rejects(async () => {
      for await (const key of own.list('')) assert.fail(key)
    }, isNotFound)
  })

  it('says that an object was damaged from outside', async () => {
    const version = await store.put('damaged', text('1'), 'absent')
    await rm(path.join(root, '.versions/keys/damaged%', version, version))
    await assert.rejects(store.get('damaged'), (e) => e instanceof BadDataError && e.code === 'store.damaged')
    await rm(path.join(root, '.versions/keys/damaged%', version), { recursive: true })
    await assert.rejects(store.get('damaged'), (e) => e instanceof BadDataError && e.code === 'store.damaged')
  })

  it('refuses a root that cannot be one', async () => {
    await writeFile(path.join(root, 'a file'), 'x')
    for (const bad of [path.join(root, 'a file'), path.join(root, 'a file/below'), '/proc/tgsession/below'])
      await assert.rejects(FileStore.open(bad), (error) => error instanceof ConfigurationError, bad)
  })

  it('says that it may not write or read', { skip: process.platform === 'win32' }, async () => {
    const locked = await temporary()
    await (await FileStore.open(path.join(locked, 'made'))).put('key', text('1'), 'absent')
    await chmod(locked, 0o500)
    await asNobody(async () => {
      await assert.rejects(FileStore.open(path.join(locked, 'new')), isForbidden)
    })
    const made = await FileStore.open(path.join(locked, 'made'))
    await chmod(path.join(locked, 'made/.versions/keys'), 0o000)
    await chmod(locked, 0o755)
    await chmod(path.join(locked, 'made'), 0o755)
    await chmod(path.join(locked, 'made/.versions'), 0o755)
    await asNobody(async () => {
      await assert.rejects(made.get('key'), isForbidden)
      await assert.rejects(made.put('key2', text('1'), 'absent'), isForbidden)
      await assert.rejects(made.delete('key'), isForbidden)
    })
    await chmod(path.join(locked, 'made/.versions/keys'), 0o700)
    await rm(locked, { recursive: true })
  })

  it('is read where nothing may be written', { skip: process.platform === 'win32' }, async () => {
    const locked = await temporary()
    await (await FileStore.open(locked)).put('key', text('1'), 'absent')
    const everything = ['.', '.versions', '.versions/keys', '.versions/tmp'].map((name) =>
      path.join(locked, name),
    )
    for (const folder of everything) await chmod(folder, 0o555)
    for (const name of await readdir(locked, { recursive: true, withFileTypes: true }))
      if (name.isDirectory()) await chmod(path.join(name.parentPath, name.name), 0o555)
      else await chmod(path.join(name.parentPath, name.name), 0o444)
    await asNobody(async () => {
      const found = await FileStore.open(locked)
      assert.deepEqual((await found.get('key'))?.bytes, text('1'))
      assert.deepEqual(await listed(found), ['key'])
      await assert.rejects(found.put('other', text('1'), 'absent'), isForbidden)
    })
    for (const folder of everything) await chmod(folder, 0o755)
    await rm(locked, { recursive: true })
  })

  it('holds keys that are called like its own folders', async () => {
    for (const key of ['.versions', '.versions/keys/x%', '.versions/tmp/x']) {
      await store.put(key, text(key), 'absent')
      assert.deepEqual((await store.get(key))?.bytes, text(key))
    }
    // Of a key and a key below it only the first has a plain file.
    assert.equal(await readFile(path.join(root, '%2Eversions'), 'utf8'), '.versions')
    await store.delete('.versions')
    await store.delete('.versions/tmp/x')
    await store.put('.versions/tmp/x', text('again'), 'absent')
    assert.equal(await readFile(path.join(root, '%2Eversions/tmp/x'), 'utf8'), 'again')
  })

  it('reports a full disk, and harms nothing that was stored', { skip: noSmallDisk() }, async () => {
    const disk = await temporary()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      const own = await FileStore.open(disk)
      const version = await own.put('head', text('1'), 'absent')
      await assert.rejects(own.put('head', new Uint8Array(2_000_000), version), isFull)
      await assert.rejects(own.put('other', new Uint8Array(2_000_000), 'absent'), isFull)
      assert.deepEqual(await own.get('head'), { bytes: text('1'), version })
      assert.equal(await own.get('other'), null)
      await own.put('head', new Uint8Array(500_000), version)
    } finally {
      execFileSync('umount', [disk])
      await rm(disk, { recursive: true })
    }
  })

  it('names what the disk says in words of the store', () => {
    for (const [code, type] of [
      ['EACCES', ForbiddenError],
      ['EROFS', ForbiddenError],
      ['ENOSPC', UnreachableError],
      ['EDQUOT', UnreachableError],
      ['EIO', UnreachableError],
      ['EXDEV', UnreachableError],
      ['ENOTDIR', ConfigurationError],
    ] as const)
      assert.ok(
        fileError('write', 'file:/x', Object.assign(new Error('x'), { code }), 'store') instanceof type,
        code,
      )
    assert.equal(isSystemError(new TypeError('x')), false)
  })
})

/** A small disk is had where this user may mount one. */
function noSmallDisk(): string | false {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tgsession-mount-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], {
    stdio: 'ignore',
  })
  if (status === 0) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return status === 0 ? false : 'this user may not mount a tmpfs'
}

function isFull(error: unknown): boolean {
  return error instanceof UnreachableError && error.message.includes('ENOSPC')
}

function isNotFound(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === 'store.not_found'
}

function isForbidden(error: unknown): boolean {
  return error instanceof ForbiddenError && error.code === 'store.forbidden'
}

/** Root may do everything, so it steps back for a while. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    await work()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

async function listed(store: FileStore): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.list('')) keys.push(key)
  return keys
}
