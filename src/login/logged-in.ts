import { Api } from 'telegram'
import { BadDataError } from '../base/errors.ts'
import type { SQLiteSession } from '../clients/gramjs/sqlite-session.ts'
import { verifySession } from '../session/inspect.ts'
import type { LoginFlow } from './flow.ts'
import type { LoggedIn, LoggedInUser } from './settings.ts'

/** GramJS puts what it receives into the session: with this answer the account's own id and name are in it. */
export async function whoAmI(flow: LoginFlow): Promise<LoggedInUser> {
  return userOf(await askSelf(flow))
}

/** `library` is the Api of the client that asks. */
export async function askSelf(flow: LoginFlow, library = Api): Promise<Api.User> {
  const [user] = await flow.call(new library.users.GetUsers({ id: [new library.InputUserSelf()] }))
  if (user?.className === 'User') return user
  throw incomplete('Telegram did not say whose session it is')
}

export function userOf({ id, firstName, lastName, username, bot }: Api.User): LoggedInUser {
  const name = [firstName, lastName].filter(Boolean).join(' ')
  // GramJS gives null for what is not there, whatever its types say.
  return { id: String(id), name, ...(username ? { username } : {}), bot: Boolean(bot) }
}

export async function sealLogin(session: SQLiteSession, user: LoggedInUser): Promise<LoggedIn> {
  const bytes = await session.toBytes()
  const { keyFingerprint, userId } = await verifySession(bytes)
  if (userId !== user.id) throw incomplete('the session does not hold the id of its account')
  return { session: bytes, keyFingerprint, user }
}

function incomplete(what: string): BadDataError {
  return new BadDataError('login.incomplete', what, {
    hint: 'Start the login again; nothing of this one is kept.',
  })
}
