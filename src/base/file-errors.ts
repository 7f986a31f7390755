import { ConfigurationError, ForbiddenError, safeCause, TgsessionError, UnreachableError } from './errors.ts'

export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What an error of the file system means to whoever asked a store; passes what is none. */
export function fileError(error: unknown, label: string): unknown {
  const code = errno(error)
  if (error instanceof TgsessionError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error
  const cause = safeCause(error)
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ForbiddenError('store.forbidden', `${label}: the system refuses it (${code})`, {
        hint: 'Let this user read and write the folder, or name another one in TGSESSION_STORE.',
        cause,
      })
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return notFound(label, cause)
    case 'ENOSPC':
    case 'EDQUOT':
      return new UnreachableError('store.unreachable', `${label}: the disk is full (${code})`, {
        hint: 'Free some space; nothing that was stored before is harmed. It is tried again with the next change.',
        cause,
      })
    case 'EXDEV':
      return new UnreachableError('store.unreachable', `${label}: its folders cannot be renamed (${code})`, {
        hint: 'The store came with a container image. Keep it on a mounted volume, or create it at run time.',
        cause,
      })
    default:
      return new UnreachableError('store.unreachable', `${label}: the disk answered ${code}`, {
        hint: 'Look at the disk and its mount. The write may have landed all the same.',
        cause,
      })
  }
}

export function notFound(label: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('store.not_found', `${label}: the folder is not there, or is no folder`, {
    hint: 'Check the path after file: and that its disk is mounted.',
    cause,
  })
}
