import { familyNamed } from '../../../session/formats/families.ts'
import type { FamilyName } from '../../../session/formats/family.ts'
import { fitForClient } from '../../../session/convert.ts'

const HEADER_BYTES = 100
/**
 * Journal mode, change counter, schema cookie, version-valid-for and SQLite's version: what a program changes that has
 * changed nothing (https://sqlite.org/fileformat2.html, section 1.3).
 */
const COUNTERS = [
  [18, 20],
  [24, 28],
  [40, 44],
  [92, 100],
] as const
const WAL = 2

/** A session file as its client gets it, and what it has left without what says nothing. */
export interface ClientFile {
  bytes: Uint8Array
  /** With the counters of what was stored: the same content has the same hash, and is one revision. */
  normalised: (captured: Uint8Array) => Uint8Array
}

/**
 * What is in the client's way is put right. Pyrogram's kin get the file in WAL mode, where nobody who reads it is ever in
 * the way of their only commit; the stored file is not in it.
 */
export async function clientFile(stored: Uint8Array, family: FamilyName): Promise<ClientFile> {
  const header = Uint8Array.from(stored.subarray(0, HEADER_BYTES))
  const fit = await fitForClient(stored)
  const bytes = familyNamed(family).inheritsWal ? Uint8Array.from(fit).fill(WAL, 18, 20) : fit
  return { bytes, normalised: (captured) => withCounters(captured, header) }
}

function withCounters(captured: Uint8Array, header: Uint8Array): Uint8Array {
  for (const [from, to] of COUNTERS) captured.set(header.subarray(from, to), from)
  return captured
}
