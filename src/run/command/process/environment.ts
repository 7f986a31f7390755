/**
 * What a store or a key is opened with. The command gets the session itself and needs none of it. Add-ons have their
 * variables under any prefix. DATABASE_URL stays: bots keep data of their own there, and ours is encrypted.
 */
const SECRETS = [
  /^TGSESSION_(KEY|STORE|CONTAINER|HTTPS_AUTHORIZATION|WEB_TOKEN|HEARTBEAT)/,
  /(^|_)(ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/,
  /^AWS_(SESSION_TOKEN|CONTAINER_AUTHORIZATION_TOKEN)$/,
  /^CLOUDCUBE_/,
  /^FIREBASE_(SERVICE_ACCOUNT|PRIVATE_KEY|CLIENT_EMAIL)/,
  /^GOOGLE_APPLICATION_CREDENTIALS$/,
]

/** The environment of the command: the host's, less our secrets, plus where or what the session is. */
export function commandEnvironment(
  env: Record<string, string | undefined>,
  options: { session: Record<string, string>; marker: string; passEnv: boolean },
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(
    ([name]) => options.passEnv || !SECRETS.some((secret) => secret.test(name)),
  )
  return { ...Object.fromEntries(kept), ...options.session, TGSESSION_RUN: options.marker }
}
