import { UsageError } from '../base/errors.ts'
import type { PortableSession } from '../session/formats/portable-session.ts'

/** Whose session it is. */
export interface Account {
  userId: bigint
  isBot: boolean
}

export interface AccountSources {
  /** As it is configured. */
  userId?: bigint | undefined
  /** Finds it out from Telegram, with the session's own key. */
  askAccount?: ((bytes: Uint8Array) => Promise<Account>) | undefined
}

/**
 * The session with its account, which Pyrogram's kin need and a Telethon session or string may not hold.
 * @throws UsageError `run.needs_account`
 */
export async function withAccount(
  session: PortableSession,
  bytes: Uint8Array,
  { userId, askAccount }: AccountSources,
): Promise<PortableSession> {
  if (session.userId !== undefined) return session
  if (userId !== undefined) return { ...session, userId }
  if (askAccount !== undefined) return { ...session, ...(await askAccount(bytes)) }
  throw new UsageError('run.needs_account', 'the session does not tell whose it is, which Pyrogram needs', {
    hint: "Set TGSESSION_USER_ID to the account's own id, or TELEGRAM_API_ID and TELEGRAM_API_HASH, with which Telegram is asked.",
  })
}
