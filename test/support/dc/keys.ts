import type { FakeDcKeyStats } from '../../../src/fake-dc/fake-dc.ts'

/** Clients make about one key exchange in 256 twice (a leading zero); the first key is nobody's then. */
export function used(keys: readonly FakeDcKeyStats[]): FakeDcKeyStats[] {
  return keys.filter(({ userId }) => userId !== null)
}
