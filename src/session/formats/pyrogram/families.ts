import { SqlDatabase } from '../../sqlite/database.ts'
import type { SqliteFile } from '../../sqlite/file.ts'
import type { Family } from '../family.ts'
import { missingValues, pyrogramLogin, readPyrogramFile } from './read-file.ts'
import { type PyrogramVariant, variantOf } from './variants.ts'
import { writePyrogramFile } from './write-file.ts'

/** Pyrogram's kin. All but Kurigram 2.2, which resets it at each open, leave the journal mode of a file as it is. */
export const PYROGRAM_FAMILIES: readonly Family[] = [
  family('pyrogram', 'a Pyrogram session'),
  family('pyrofork', 'a pyrofork session'),
  family('kurigram', 'a Kurigram session'),
  family('kurigram6', 'a session of Kurigram 2.1 (or PyroTGFork)'),
]

function family(name: PyrogramVariant, title: string): Family {
  return {
    name,
    title,
    inheritsWal: name !== 'kurigram',
    holdsBack: true,
    recognises: ({ columns }) => variantOf(columns) === name,
    read: readPyrogramFile,
    login: pyrogramLogin,
    write: async (session) => await writePyrogramFile(name, session),
    misfits: (file) =>
      missingValues(file).map((column) => `${column} is NULL: its client would make a new auth key at once`),
    mended,
  }
}

/** With 0 for what is NULL and may be taken for no: `test_mode` and `is_bot`. */
async function mended(file: SqliteFile): Promise<Uint8Array> {
  const db = await SqlDatabase.open(file.db.export())
  try {
    for (const column of ['test_mode', 'is_bot'])
      db.run(`update sessions set ${column} = 0 where ${column} is null`)
    return db.export()
  } finally {
    db.close()
  }
}
