/** One thing that happened, in a form that a person and a log both read: `lease.waiting holder=worker.1 …`. */
export type Report = (event: string, fields?: Record<string, string | number | boolean | null>) => void

export function describeError(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'unknown', message: 'an error without a name' }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return { code, message: error.message }
}
