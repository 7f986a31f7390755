import { isSecretVariable } from '../../../config/secrets.ts'

/** The environment of the command: the host's, less our secrets, plus where or what the session is. */
export function commandEnvironment(
  env: Record<string, string | undefined>,
  options: { session: Record<string, string>; marker: string; passEnv: boolean },
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => options.passEnv || !isSecretVariable(name))
  return { ...Object.fromEntries(kept), ...options.session, TGSESSION_RUN: options.marker }
}
