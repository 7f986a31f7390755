/**
 * Does this address name one plain session file, as people have them today, instead of a store? It does if its path
 * ends in `.session` or `.session.age`; an `https:` address always does, since there is nothing else behind one.
 */
export function isPlainObjectUrl(url: string): boolean {
  return /^https?:/i.test(url) || /\.session(\.age)?$/i.test(url.replace(/[?#].*/s, ''))
}
