/**
 * How long a waiting process sleeps before it looks again, by how long it has waited: four times a second while
 * a handover is likely, then rarely, since each look is a billed request.
 */
export function pollDelayMs(waitedMs: number): number {
  if (waitedMs < 60_000) return 250
  if (waitedMs < 120_000) return 1000
  return 15_000
}
