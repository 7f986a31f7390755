import { randomUUID } from 'node:crypto'
import type { Version } from '../store.ts'
import { toVersion } from '../shared/version.ts'

/** A version counts the writes of its object and ends in a fresh UUID, so that none ever comes back. */
const VERSION = /^(\d{1,15})-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function isVersion(name: string): boolean {
  return VERSION.test(name)
}

/** The version of the next write; of the first one after null. */
export function versionAfter(version: Version | null): Version {
  return toVersion(`${(version === null ? 0 : numberOf(version)) + 1}-${randomUUID()}`)
}

/** How many writes there were up to this version. */
export function numberOf(version: string): number {
  return Number.parseInt(version, 10)
}

/** The version that counts furthest; undefined where no name is one. */
export function newestOf(names: readonly string[]): Version | undefined {
  const newest = names.filter(isVersion).toSorted((a, b) => numberOf(b) - numberOf(a))[0]
  return newest === undefined ? undefined : toVersion(newest)
}
