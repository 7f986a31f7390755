import type { Family } from '../family.ts'
import { mtcuteLogin, readMtcuteFile } from './read-file.ts'
import { writeMtcuteFile } from './write-file.ts'

/** mtcute sets WAL mode itself, and commits at once. */
export const mtcuteFamily: Family = {
  name: 'mtcute',
  title: 'an mtcute session',
  inheritsWal: false,
  holdsBack: false,
  recognises: ({ columns }) =>
    columns.has('mtcute_migrations') || columns.get('auth_keys')?.has('dc') === true,
  read: readMtcuteFile,
  login: mtcuteLogin,
  write: writeMtcuteFile,
  misfits: () => [],
  mended: (file) => Promise.resolve(file.db.export()),
}
