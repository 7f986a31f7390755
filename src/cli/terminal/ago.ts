const UNITS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
]
/** Beyond this the date says more. */
const LONGEST_SECONDS = 30 * 86_400

/** `2026-11-27T18:00:00.000Z` → "3 min ago", or the day if it is long past or of another clock's future. `--json` has it whole. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (!(seconds > -60 && seconds < LONGEST_SECONDS)) return iso.slice(0, 10)
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [0, '']
  return size === 0 ? 'just now' : `${Math.floor(seconds / size)} ${unit} ago`
}

/** "1 peer", "2 peers". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
