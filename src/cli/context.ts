import type { Environment } from '../config/settings.ts'

/** What a command reads and leaves: the environment with `.env` under it, and the exit code. */
export interface Context {
  env: Environment
  exit: (code: number) => void
}
