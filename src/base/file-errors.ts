import {
  BadDataError,
  ConfigurationError,
  ForbiddenError,
  NoSessionError,
  safeCause,
  SaveFailedError,
  TgsessionError,
  UnreachableError,
} from './errors.ts'

/** What the file belongs to: a session file that a person named, or the folder of a store. */
export type FileOf = 'session' | 'store'

/** The code of an error of the operating system, such as ENOENT. */
export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Whether the operating system refused something; not an error of ours, of a library or of the program. */
export function isSystemError(error: unknown): boolean {
  return !(error instanceof TgsessionError) && /^E[A-Z0-9]+$/.test(errno(error) ?? '')
}

/** Where one errno has a reason of its own, what to do about it. */
const HINTS: Record<string, string> = {
  EBUSY: 'It is a mount of its own, so it cannot be replaced. Mount its folder instead of the file.',
  EROFS: 'It lies on a disk that is mounted read-only. Name a path on one that can be written.',
  ENOSPC: 'The disk is full: free some space. What was there before is untouched.',
  EDQUOT: "This user's quota on the disk is used up: free some space, or raise the quota.",
  EXDEV:
    'Its folder came with a container image, or lies on two disks. Use a mounted volume, or a folder that is made at run time.',
  EMFILE: 'This process may open no more files at a time: raise the limit (`ulimit -n`).',
  ENFILE: 'This machine may open no more files at a time: raise the limit (`sysctl fs.file-max`).',
}

/**
 * Which failure a failed file operation is. Only ENOENT means "not there". `what` is how messages name the file: its
 * path, or the label of the store.
 */
export function fileError(
  action: 'read' | 'write',
  what: string,
  error: unknown,
  of: FileOf = 'session',
): TgsessionError {
  const code = errno(error) ?? 'unknown'
  const because = (usual: string): { hint: string; cause: Error } => ({
    hint: HINTS[code] ?? usual,
    cause: safeCause(error),
  })
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return of === 'store' ? notFound(what, safeCause(error)) : notThere(action, what, code, error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const [name, usual] =
        of === 'store'
          ? [
              'store.forbidden',
              'Let this user read and write the folder, or name another one in TGSESSION_STORE.',
            ]
          : [`session.may_not_${action}`, 'Check the owner and the mode of the file and its folder.']
      return new ForbiddenError(name, `this process may not ${action} ${what} (${code})`, because(usual))
    }
    default: {
      const message = `${what} could not be ${action === 'read' ? 'read' : 'written'} (${code})`
      if (of === 'store')
        return new UnreachableError(
          'store.unreachable',
          message,
          because('Look at the disk and its mount. A write may have landed all the same.'),
        )
      return action === 'read'
        ? new UnreachableError(
            'session.read_failed',
            message,
            because('Check the disk; the session may well be there.'),
          )
        : new SaveFailedError(
            'session.write_failed',
            message,
            because('Check the disk and its mount. The file that was there before is untouched.'),
          )
    }
  }
}

function notThere(action: 'read' | 'write', file: string, code: string, error: unknown): TgsessionError {
  const cause = safeCause(error)
  if (code === 'EISDIR') return isDirectory(file)
  if (code !== 'ENOENT')
    return new ConfigurationError('session.bad_path', `${file} cannot be the path of a file (${code})`, {
      hint: 'Name another path.',
      cause,
    })
  return action === 'read'
    ? new NoSessionError('session.not_found', `there is no session file ${file}`, {
        hint: 'Check the path; a relative one starts at the working directory.',
        cause,
      })
    : new ConfigurationError('session.no_folder', `there is no folder for ${file}`, {
        hint: 'Make the folder, or name another path.',
        cause,
      })
}

/** The folder of a store is not there, or is a file. */
export function notFound(label: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('store.not_found', `${label}: the folder is not there, or is no folder`, {
    hint: 'Check the path after file: and that its disk is mounted.',
    cause,
  })
}

/** A folder was named where a session file is expected. */
export function isDirectory(path: string): BadDataError {
  return new BadDataError('session.is_directory', `${path} is a folder; expected a Telethon .session file`, {
    hint: 'Name the .session file in it.',
  })
}
