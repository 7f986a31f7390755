import { BadDataError } from '../../base/errors.ts'
import type { Changes } from './sql-storage.ts'

/**
 * Commits all of it at once; if the database refuses a value, the key and the update states first, then the peers and
 * files without those that it refuses. They stay in memory, and are reported: one name that the database cannot hold must not
 * keep all else from it.
 */
export async function writeApart(
  changes: Changes,
  commit: (part: Changes) => Promise<void>,
  report: (error: Error) => void,
): Promise<void> {
  try {
    return await commit(changes)
  } catch (error) {
    if (!isRefusedValue(error)) throw error
  }
  const rest = { ...changes, entities: [], files: [] }
  const none = { ...rest, auth: undefined, otherKeys: [], dropped: [], states: [] }
  await commit(rest)
  const refused = [
    ...(await halved(changes.entities, (entities) => commit({ ...none, entities }))),
    ...(await halved(changes.files, (files) => commit({ ...none, files }))),
  ]
  const [first] = refused
  if (first !== undefined) report(leftOut(refused.length, first))
}

/** Commits the rows in halves of halves; returns what was said of those that were refused. */
async function halved<Row>(rows: Row[], commit: (rows: Row[]) => Promise<void>): Promise<BadDataError[]> {
  if (rows.length === 0) return []
  try {
    await commit(rows)
    return []
  } catch (error) {
    if (!isRefusedValue(error)) throw error
    if (rows.length === 1) return [error]
  }
  const middle = Math.ceil(rows.length / 2)
  return [...(await halved(rows.slice(0, middle), commit)), ...(await halved(rows.slice(middle), commit))]
}

function isRefusedValue(error: unknown): error is BadDataError {
  return error instanceof BadDataError && error.code === 'container.bad_value'
}

function leftOut(count: number, cause: BadDataError): BadDataError {
  const rows = count === 1 ? 'a peer or file was' : `${count} peers or files were`
  return new BadDataError(
    'container.rows_left_out',
    `${cause.message}: ${rows} left out, all else was written`,
    {
      hint: `They are known until the process ends, and asked for again after that. ${cause.hint}`,
      cause,
    },
  )
}
