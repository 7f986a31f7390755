import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Cipher } from '../../../src/seal/cipher.ts'
import type { Head, Revision } from '../../../src/replica/head.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { Revisions } from '../../../src/replica/revisions.ts'
import { convertToFile } from '../../../src/session/convert.ts'
import { FAMILY_NAMES } from '../../../src/session/formats/family.ts'
import { verifySession } from '../../../src/session/inspect.ts'
import type { Peer } from '../../../src/session/formats/portable-session.ts'
import { readAnySession } from '../../../src/session/read-session.ts'

/** What a saved session held: peers, and how far each update state had come. */
interface Content {
  entities: Set<string>
  states: Map<string, number>
  hasStates: boolean
}

/** Looks into the store past all faults, while it happens: what was saved, is it whole, is it still there. */
export class Witness {
  readonly torn: string[] = []
  readonly #replica: Replica
  readonly #revisions: Revisions
  readonly #seen = new Map<number, Content>()
  readonly #looked = new Set<string>()
  #acknowledged: number[] = []
  #uploads: number[] = []
  readonly #forgotten: string[] = []
  #replaced = 0
  #looking: Promise<unknown> = Promise.resolve()

  constructor(replica: Replica, identities: string[]) {
    this.#replica = replica
    const cipher = new Cipher({ encryption: 'age', identities })
    this.#revisions = new Revisions({
      store: replica.store,
      name: replica.name,
      cipher,
      verify: verifySession,
    })
  }

  /** An instance said that this revision is saved. */
  acknowledge(revision: number): void {
    this.#acknowledged.push(revision)
    void this.look()
  }

  /** It is saved, and what was saved before is superseded. */
  uploaded(revision: number): void {
    this.#uploads.push(revision)
    this.acknowledge(revision)
  }

  /** The store is as it was at this revision: what came after it is gone, and its numbers will be given again. */
  restored(revision: number): void {
    const isKept = (one: number): boolean => one <= revision
    this.#acknowledged = this.#acknowledged.filter(isKept)
    this.#uploads = this.#uploads.filter(isKept)
    for (const one of this.#seen.keys()) if (!isKept(one)) this.#seen.delete(one)
    this.#looked.clear()
    this.#replaced++
  }

  /** How often something else was put in the place of what is saved. */
  get replacements(): number {
    return this.#replaced + this.#uploads.length
  }

  /** An instance that knew these people has stopped, and said that all is saved: some revision must hold them. */
  mustKnow(people: readonly bigint[], name: string): void {
    const known = [...this.#seen.values()].flatMap(({ entities }) => [...entities])
    for (const id of people)
      if (!known.some((entity) => entity.startsWith(`${id}:`)))
        this.#forgotten.push(`${name} stopped, and person ${id}, whom it had answered, is in no revision`)
  }

  /** Opens every revision that the head names once more: none of them may have gone meanwhile. */
  async lookAgain(): Promise<void> {
    this.#looked.clear()
    await this.look()
  }

  /** Opens every revision that the head names and that was not opened yet. */
  async look(): Promise<Head> {
    const turn = this.#looking.then(() => this.#look())
    this.#looking = turn.catch(() => undefined)
    return await turn
  }

  /**
   * Acknowledged saves whose content neither is in what came after them nor was replaced by an upload, and what was to be
   * saved at a stop and was not.
   */
  async lostSaves(): Promise<string[]> {
    // What is acknowledged from here on may not have been looked at yet.
    const acknowledged = [...this.#acknowledged]
    await this.look()
    const lost = [...this.#forgotten]
    for (const revision of acknowledged) {
      const content = this.#seen.get(revision)
      const upload = this.#uploads.find((one) => one > revision) ?? Infinity
      const last = Math.max(...[...this.#seen.keys()].filter((one) => one < upload))
      const final = this.#seen.get(last)
      if (!content) lost.push(`revision ${revision} was acknowledged and never seen`)
      else if (!final || !holds(final, content)) lost.push(`revision ${last} lacks what ${revision} held`)
    }
    return lost
  }

  async #look(): Promise<Head> {
    const head = await this.#replica.status()
    for (const revision of [...head.history, ...(head.current ? [head.current] : [])])
      if (!this.#looked.has(revision.objectKey)) await this.#open(revision)
    return head
  }

  async #open(revision: Revision): Promise<void> {
    try {
      const { bytes } = await this.#revisions.get(revision)
      this.#seen.set(revision.revision, await read(bytes))
    } catch (error) {
      // Pruned since the head was read: then the head does not name it any more.
      const now = await this.#replica.status()
      if (![...now.history, now.current].some((one) => one?.objectKey === revision.objectKey)) return
      this.torn.push(`revision ${revision.revision}: ${String(error)}`)
    }
    this.#looked.add(revision.objectKey)
  }
}

function holds(later: Content, earlier: Content): boolean {
  const peers = [...earlier.entities].every((one) => later.entities.has(one))
  return (
    peers &&
    (!later.hasStates || [...earlier.states].every(([id, pts]) => (later.states.get(id) ?? -1) >= pts))
  )
}

async function read(bytes: Uint8Array): Promise<Content> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tgsession-witness-'))
  try {
    const file = path.join(folder, 'look.session')
    await writeFile(file, bytes)
    const database = new DatabaseSync(file)
    const check = database.prepare('PRAGMA integrity_check').all()
    database.close()
    if (JSON.stringify(check) !== '[{"integrity_check":"ok"}]') throw new Error('SQLite finds it damaged')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const { format, session } = await readAnySession(bytes)
  return {
    entities: new Set(session.entities.map(({ id, hash }) => `${id}:${hash}`)),
    states: new Map([...session.updateStates].map(([id, { pts }]) => [String(id), pts])),
    // Pyrogram's own file has no place for them.
    hasStates: format !== 'pyrogram',
  }
}

/** The same session in its own family's file, which has met `count` more, of these ids on. */
export async function withPeople(bytes: Uint8Array, count: number, from = 1_000_000): Promise<Uint8Array> {
  const { format, session } = await readAnySession(bytes)
  const family = FAMILY_NAMES.find((name) => name === format)
  const people = Array.from({ length: count }, (_, n): Peer => {
    const id = BigInt(from + n)
    const name = `Somebody by the name of ${id}, ${'x'.repeat(50)}`
    return { id, hash: 1n, username: null, phone: null, name }
  })
  return await convertToFile({ ...session, entities: [...session.entities, ...people] }, { family })
}
