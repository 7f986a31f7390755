/** What stands before the first colon of a URL, in lower case: which kind of store it names. Empty where nothing does. */
export function schemeOf(url: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? ''
}
