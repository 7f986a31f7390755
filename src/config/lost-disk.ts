import { lostPath } from '../store/durable-disk.ts'
import type { Settings } from './settings.ts'

const HINT =
  'Use a bucket or a database (docs/hosts), or put the folder on a mounted volume. If it is only to be tried out, add --yes.'

/** What is wrong with a store on a disk that this host empties at its next restart; undefined for any other store. */
export async function lostDisk({
  store,
  diskIsLost,
}: Pick<Settings, 'store' | 'diskIsLost'>): Promise<{ message: string; hint: string } | undefined> {
  const lost = store === null ? null : await lostPath(store.url, diskIsLost)
  if (lost === null) return undefined
  return { message: `${lost} lies on a disk that this host empties at every restart`, hint: HINT }
}
