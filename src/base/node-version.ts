/** What is wrong with a version of Node.js, or undefined. Imports nothing: an older Node fails while linking what follows. */
export function versionProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 19)) return undefined
  return `tgsession needs Node.js 22.19 or newer; this is ${version}.`
}
