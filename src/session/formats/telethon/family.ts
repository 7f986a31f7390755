import { datedEntity } from './entity-table.ts'
import { bad } from '../../sqlite/file.ts'
import type { Family, Login, ReadFile } from '../family.ts'
import { portable } from '../portable-session.ts'
import { readAccount } from './account-row.ts'
import { asTelethonFile, isTelethon, servesRows, type TelethonFile, type TelethonTables } from './file.ts'
import { misfitsOf } from './layout.ts'
import { rewriteTelethonFile } from './rewrite-file.ts'
import { readOtherRows } from './rows.ts'
import { ownUserId, readSessionRow, sessionRows } from './session-row.ts'
import { writeTelethonFile } from './write-file.ts'

export const telethonFamily: Family = {
  name: 'telethon',
  title: 'a Telethon session',
  inheritsWal: false,
  holdsBack: false,
  recognises: ({ columns }) => isTelethon(columns),
  read: (file) => readTelethon(asTelethonFile(file)),
  login: (file) => telethonLogin(asTelethonFile(file)),
  write: writeTelethonFile,
  misfits: (file) => misfitsOf(asTelethonFile(file).version, file.columns),
  mended: async (file) => await rewriteTelethonFile(asTelethonFile(file)),
}

/** Throws `BadDataError` (`session.no_key`) if it has no login. */
export function telethonLogin(tables: TelethonTables): Login {
  const { authKey, dcId } = readSessionRow(tables)
  if (authKey !== undefined) return { dcId, authKey, userId: ownUserId(tables) }
  throw bad('no_key', 'the session file holds no auth key: nobody has logged in with it', 'Log in first.')
}

function readTelethon(file: TelethonFile): ReadFile {
  const { temporaryKey: _, ...row } = readSessionRow(file)
  const entities = file.rows('entities').flatMap((one) => {
    const found = datedEntity(one)
    return found === undefined || found.entity.id === 0n ? [] : [{ ...found.entity, date: found.date }]
  })
  return {
    version: file.version,
    session: portable({
      ...row,
      ...readAccount(file),
      userId: ownUserId(file),
      entities,
      ...readOtherRows(file),
      notes: notesOn(file),
    }),
  }
}

function notesOn(file: TelethonFile): string[] {
  const keys = sessionRows(file).filter(({ authKey }) => authKey !== undefined).length
  const counted = file.columns.has('entities')
    ? file.db.get('select count(*) as n from entities where id <> 0')?.['n']
    : 0n
  const left = servesRows(file.version, 'entities') ? 0 : Number(counted)
  return [
    ...(keys > 1
      ? [`it holds auth keys of ${keys} data centres; the first one counts, as for Telethon`]
      : []),
    ...(left > 0
      ? [`${left} peers are left out: Telethon deletes those of version ${file.version} at its upgrade`]
      : []),
    ...misfitsOf(file.version, file.columns),
  ]
}
