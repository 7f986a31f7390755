import {
  BadDataError,
  ConfigurationError,
  ForbiddenError,
  NoSessionError,
  safeCause,
  SaveFailedError,
  type TgsessionError,
  UnreachableError,
} from './errors.ts'

/** Which failure a failed file operation is. Only ENOENT means "not there". */
export function fileError(action: 'read' | 'write', path: string, error: unknown): TgsessionError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const cause = safeCause(error)
  switch (code) {
    case 'ENOENT':
      return action === 'read'
        ? new NoSessionError('session.not_found', `there is no session file ${path}`, {
            hint: 'Log in, or restore the session, first.',
            cause,
          })
        : new ConfigurationError('session.no_folder', `there is no folder for ${path}`, {
            hint: 'Make the folder, or name another path.',
            cause,
          })
    case 'EISDIR':
      return isDirectory(path)
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new ConfigurationError('session.bad_path', `${path} cannot be the path of a file (${code})`, {
        hint: 'Name another path.',
        cause,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ForbiddenError(
        `session.may_not_${action}`,
        `this process may not ${action} ${path} (${code})`,
        {
          hint: 'Check the owner and the mode of the file and its folder.',
          cause,
        },
      )
    default:
      return action === 'read'
        ? new UnreachableError('session.read_failed', `${path} could not be read (${code})`, {
            hint: 'Check the disk; the session may well be there.',
            cause,
          })
        : new SaveFailedError('session.write_failed', `${path} could not be written (${code})`, {
            hint: 'Check that the disk has room. The file that was there before is untouched.',
            cause,
          })
  }
}

export function isDirectory(path: string): BadDataError {
  return new BadDataError('session.is_directory', `${path} is a folder; expected a Telethon .session file`, {
    hint: 'Name the .session file in it.',
  })
}
