/** From and to, in milliseconds. */
export type Range = readonly [least: number, most: number]

export const LEASE_TTL: Range = [2000, 3_600_000]
export const IMPORT_WAIT: Range = [0, 3_600_000]
export const SAVE_AFTER: Range = [100, 3_600_000]
export const SHUTDOWN: Range = [100, 3_600_000]

/** Milliseconds of a text such as `45`, `45s`, `1.5m` or `500ms`; undefined for any other, and out of the range. */
export function durationMs(text: string, [least, most]: Range): number | undefined {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m)?$/.exec(text.trim()) ?? []
  const ms = Math.round(Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN))
  return ms >= least && ms <= most ? ms : undefined
}
