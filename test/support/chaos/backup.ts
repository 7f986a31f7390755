import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConflictError } from '../../../src/base/errors.ts'
import { encodeHead, parseHead } from '../../../src/replica/head-format.ts'
import { type Head, neededObjects } from '../../../src/replica/head.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import type { Stage } from './stage.ts'

/** The head as it was while nobody held the lease, and the objects that it needs. */
export class Backup {
  readonly #replica: Replica
  readonly #head: Head
  readonly #objects: Map<string, Uint8Array>

  private constructor(replica: Replica, head: Head, objects: Map<string, Uint8Array>) {
    this.#replica = replica
    this.#head = head
    this.#objects = objects
  }

  static async take(replica: Replica): Promise<Backup> {
    const found = await replica.store.get(`${replica.name}/head.json`)
    if (!found) throw new Error('there is no head')
    const head = { ...parseHead(found.bytes), holder: null }
    const objects = new Map<string, Uint8Array>()
    for (const objectKey of neededObjects(head)) {
      const key = `${replica.name}/${objectKey}`
      const object = await replica.store.get(key)
      if (object) objects.set(key, object.bytes)
    }
    return new Backup(replica, head, objects)
  }

  /** Puts it in the place of what is there, and returns the number of its current revision. */
  async restore(): Promise<number> {
    const { store, name } = this.#replica
    for (const [key, bytes] of this.#objects) await store.put(key, bytes, 'absent').catch(unlessThere)
    const key = `${name}/head.json`
    for (;;) {
      const now = await store.get(key)
      try {
        await store.put(key, encodeHead(this.#head), now?.version ?? 'absent')
        return this.#head.current?.revision ?? 0
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error
      }
    }
  }
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error
}

/**
 * What a bot leaves that was killed in the middle of a large transaction: the hot journal of its session, by which SQLite
 * would bring back what was there before. Returns the path of the session file that it belongs to, which is not there.
 */
export async function placeJournal({ of: { folder, replica } }: Stage): Promise<string> {
  const place = path.join(folder, 'machine')
  await mkdir(place, { recursive: true })
  const file = path.join(place, 'main.session')
  const work = await mkdtemp(path.join(tmpdir(), 'tgsession-journal-'))
  try {
    const copy = path.join(work, 'old.session')
    await writeFile(copy, (await replica.restore()).bytes)
    const database = new DatabaseSync(copy, { enableForeignKeyConstraints: false })
    // Without fsync the journal's header need not be written a second time to be valid.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = 1; BEGIN')
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables) database.exec(`DELETE FROM "${String(name)}"`)
    await copyFile(`${copy}-journal`, `${file}-journal`)
    database.exec('ROLLBACK')
    database.close()
    return file
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
