import { ConfigurationError } from '../../base/errors.ts'

/** `file:/abs`, `file:///abs`, `file:./relative`; escapes like %20 are read as in any URL. */
export function filePath(url: string, source: string): string {
  const rest = url.slice('file:'.length)
  const found = /^(?:\/\/(?=\/))?(?!\/\/)([^?#\0]+)$/.exec(rest)?.[1]
  const decoded = found === undefined ? undefined : decode(found)
  if (decoded === undefined || decoded.includes('\0'))
    throw new ConfigurationError('store.bad_url', `${source} is not the address of a folder`, {
      hint: 'Write it like file:/path/to/folder or file:./folder; a ?, # or % in the path as %3F, %23 or %25.',
    })
  return decoded
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
