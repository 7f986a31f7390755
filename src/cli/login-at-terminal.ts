import path from 'node:path'
import { intro, log, outro, spinner } from '@clack/prompts'
import type { AttemptLog, DataCentre, LoggedIn, Who } from '../login/login.ts'
import type { Revision } from '../replica/head.ts'
import type { LoginAttempt, Replica } from '../replica/replica.ts'
import { placeFile } from '../session/place-file.ts'
import { askBotToken, askYesNo, type Terminal, terminalAsker } from './terminal.ts'

export interface LoginAtTerminal {
  apiId: number
  apiHash: string
  dc?: DataCentre | undefined
  bot?: boolean | undefined
  phone?: string | undefined
  /** Even though a good session is stored; asks first. */
  replace?: boolean | undefined
}

/**
 * A person logs in, and the session is stored. Whether a login may be made at all is asked of the store first: before
 * any question, and before anything is sent to Telegram. Null where the person decided against it.
 */
export async function loginAtTerminal(
  replica: Replica,
  options: LoginAtTerminal,
  terminal: Terminal,
): Promise<Revision | null> {
  intro(`Log in as ${replica.name}, into ${replica.store.label}`, terminal)
  const replace = options.replace ? await confirmReplace(replica, terminal) : false
  if (replace === null) {
    outro('Nothing was changed.', terminal)
    return null
  }
  const attempt = await replica.beginLogin({ replace })
  const who = await whoLogsIn(options, replica, attempt, terminal)
  const { logIn } = await import('../login/login.ts')
  const loggedIn = await logIn(who, { ...options, attempts: attemptLog(replica, attempt) })
  return await store(replica, attempt, loggedIn, terminal)
}

/** False where there is nothing to replace, null where the answer was no. */
async function confirmReplace(replica: Replica, terminal: Terminal): Promise<boolean | null> {
  const { current, holder } = await replica.status()
  if (!current || current.dead !== null) return false
  const use = holder ? ` It is in use by ${holder.label} since ${holder.since}.` : ''
  const sure = await askYesNo(
    `There is a good session (revision ${current.revision}, saved ${current.savedAt}).${use} Put a new login in its place?`,
    terminal,
  )
  return sure ? true : null
}

async function whoLogsIn(
  options: LoginAtTerminal,
  replica: Replica,
  attempt: LoginAttempt,
  terminal: Terminal,
): Promise<Who> {
  if (!options.bot) return { kind: 'user', asker: terminalAsker(terminal), phone: options.phone }
  try {
    return { kind: 'bot', token: await askBotToken(terminal) }
  } catch (error) {
    await replica.failLogin(attempt, 'login.cancelled')
    throw error
  }
}

function attemptLog(replica: Replica, attempt: LoginAttempt): AttemptLog {
  return {
    // Written before the first question already: `beginLogin` above.
    begin: () => Promise.resolve(),
    blocked: (until) => replica.failLogin(attempt, 'login.flood_wait', until),
    failed: (code) => replica.failLogin(attempt, code),
  }
}

/** A login is too dear to lose to a store that fails now: then the session goes into a file here. */
async function store(
  replica: Replica,
  attempt: LoginAttempt,
  { session, user }: LoggedIn,
  terminal: Terminal,
): Promise<Revision> {
  const progress = spinner(terminal)
  progress.start('Storing the session')
  try {
    const revision = await replica.finishLogin(attempt, session)
    progress.stop(`Stored as revision ${revision.revision}, key ${revision.keyFingerprint}`)
    const name = user.username === undefined ? user.name : `${user.name} (@${user.username})`
    outro(`Logged in as ${name}. No other login is needed: start the bot with \`tgsession run\`.`, terminal)
    return revision
  } catch (error) {
    progress.error('The session could not be stored')
    const file = path.resolve(`${replica.name}.rescued.session`)
    await placeFile(file, session)
    log.warn(`It was kept in ${file}. Store it with: tgsession push ${file}`, terminal)
    throw error
  }
}
