import type { LoggedIn, LogInOptions, Who } from './settings.ts'

/**
 * A new session of a user or a bot. GramJS is loaded by the first call. The attempt is written to `attempts` before
 * anything is sent to Telegram, and when this settles every socket is closed, whatever the outcome. After a failure or
 * an abort nothing is left at Telegram either: a key that was authorised by then is logged out.
 *
 * @throws RefusedError login.*: flood_wait, code_wrong, code_expired, password_wrong, phone_invalid, phone_unoccupied,
 *   phone_banned, bot_token_invalid, payment_required, email_setup_required, code_unavailable, qr_not_scanned, update_app, refused
 * @throws ConfigurationError login.api_id_malformed, .api_hash_malformed, .dc_malformed, .api_id_invalid,
 *   .api_id_published; telegram.server_key
 * @throws UnreachableError telegram.unreachable, telegram.no_answer, telegram.untrusted, login.key_forgotten
 * @throws `signal.reason` after an abort, and whatever `attempts.begin()` or the asker throws
 *
 * @example
 * ```ts
 * import { createInterface } from 'node:readline/promises'
 * import { logIn, openReplica, readSettings } from 'tgsession'
 *
 * const settings = await readSettings(process.env, { store: true, api: true })
 * const replica = await openReplica(settings)
 * const terminal = createInterface({ input: process.stdin, output: process.stdout })
 * const asker = {
 *   phone: () => terminal.question('Phone number: '),
 *   code: ({ sentTo }: { sentTo: string }) => terminal.question(`Code (${sentTo}): `),
 *   password: () => terminal.question('Password: '),
 * }
 * const attempts = replica.attempt()
 * const { apiId, apiHash } = settings
 * const { session, user } = await logIn({ kind: 'user', asker }, { apiId, apiHash, attempts })
 * await attempts.finish(session)
 * console.log(`stored the session of ${user.name}`)
 * terminal.close()
 * await replica.close()
 * ```
 */
export async function logIn(who: Who, options: LogInOptions): Promise<LoggedIn> {
  const login = await import('./login.ts')
  return await login.logIn(who, options)
}
