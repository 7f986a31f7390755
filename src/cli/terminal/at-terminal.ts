import { UsageError } from '../../base/errors.ts'
import { Interrupted } from './output.ts'
import type { Terminal } from './terminal.ts'

/**
 * A signal closes the question that is open, so that a login is taken back before the process ends. With `json` standard
 * output is kept for the answer.
 */
export async function atTerminal<T>(
  { json }: { json?: boolean | undefined },
  use: (terminal: Terminal & { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const onSignal = (name: NodeJS.Signals): void => stop.abort(new Interrupted(name))
  // A terminal that hung up cannot be written to.
  const onHangup = (): void => stop.abort(new Interrupted('SIGHUP'))
  for (const name of names) process.on(name, onSignal)
  process.stdout.on('error', onHangup)
  try {
    const output = json ? process.stderr : process.stdout
    // A pseudo-terminal may tell no size: each character would get a line of its own.
    if (output.isTTY) output.columns ||= 80
    return await use({ input: process.stdin, output, signal: stop.signal })
  } finally {
    for (const name of names) process.off(name, onSignal)
  }
}

/** An unattended login ends in a ban: there must be a person. */
export function requireTerminal({ json }: { json?: boolean | undefined }): void {
  if (process.stdin.isTTY && (json ? process.stderr : process.stdout).isTTY) return
  throw new UsageError(
    'login.no_terminal',
    'a login asks for a code, and there is no terminal here to ask at',
    {
      hint: 'Run it where you can type: `npx tgsession login`, or `heroku run npm run login`. Nothing was sent to Telegram.',
    },
  )
}
