import path from 'node:path'
import { log, outro } from '@clack/prompts'
import { TgsessionError } from '../../base/errors.ts'
import { RefusedError } from '../../base/errors.ts'
import { show } from '../../base/show.ts'
import type { DataCentre, LoggedIn, LogInOptions, Who } from '../../login/login.ts'
import type { Revision } from '../../replica/head.ts'
import type { LoginAttempt, Replica } from '../../replica/replica.ts'
import { writeDatabase } from '../../base/write-file.ts'
import { withProgress, withSpinner } from './progress.ts'
import { askBotToken, askYesNo, framed, type Terminal, terminalAsker, terminalQrAsker } from './terminal.ts'

export interface LoginAtTerminal {
  apiId: number
  apiHash: string
  dc?: DataCentre | undefined
  bot?: boolean | undefined
  qr?: boolean | undefined
  phone?: string | undefined
  /** Even though a good session is stored; asks first. */
  replace?: boolean | undefined
  /** Even though many codes were asked for lately. */
  ignoreLimit?: boolean | undefined
  /** What spares the next login its code is kept, encrypted. */
  keepLoginToken?: boolean | undefined
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
  const title = `Log in as ${replica.name}, into ${replica.store.label}`
  return await framed(title, terminal, async () => await inFrame(replica, options, terminal))
}

async function inFrame(
  replica: Replica,
  options: LoginAtTerminal,
  terminal: Terminal,
): Promise<Revision | null> {
  const replace = options.replace ? await confirmReplace(replica, terminal) : false
  if (replace === null) {
    outro('Nothing was changed.', terminal)
    return null
  }
  if (options.keepLoginToken) replica.loginToken.requireSealed()
  const known = await replica.loginToken.read()
  const attempt = replica.attempt({ replace, ignoreLimit: options.ignoreLimit ?? false })
  await attempt.begin()
  let token: Uint8Array | undefined
  const tokens = {
    loginTokens: known ? [known] : [],
    onLoginToken: (given: Uint8Array) => void (token = given),
  }
  const loggedIn = await logIn(attempt, { ...options, ...tokens }, terminal)
  const stored = await store(replica, attempt, loggedIn, terminal)
  if (options.keepLoginToken || known) await keepToken(replica, token, terminal)
  const { user } = loggedIn
  const name = show(user.username === undefined ? user.name : `${user.name} (@${user.username})`)
  outro(`Logged in as ${name}. No other login is needed: start the bot with \`tgsession run\`.`, terminal)
  return stored
}

const during = <T>(work: Promise<T>): Promise<T> => withSpinner('Asking Telegram', () => work)

/** However it fails, the attempt does not stay open in the store. */
async function logIn(
  attempt: LoginAttempt,
  options: LoginAtTerminal & Pick<LogInOptions, 'loginTokens' | 'onLoginToken'>,
  terminal: Terminal,
): Promise<LoggedIn> {
  try {
    const who = await whoLogsIn(options, terminal)
    const login = await import('../../login/login.ts')
    return await login.logIn(who, { ...options, attempts: attempt, signal: terminal.signal, during })
  } catch (error) {
    const code = error instanceof TgsessionError ? error.code : 'login.cancelled'
    // What became of the login is the news, also if the store does not take it.
    await attempt.failed(code).catch(() => undefined)
    throw error
  }
}

/** The session is stored by now, whatever becomes of this. */
async function keepToken(replica: Replica, token: Uint8Array | undefined, terminal: Terminal): Promise<void> {
  if (token === undefined)
    return log.info('No login token was kept: only an account with a password gets one, by phone.', terminal)
  try {
    await replica.loginToken.keep(token)
    log.success('The next login needs the password, and no code.', terminal)
  } catch (error) {
    if (!(error instanceof TgsessionError)) throw error
    log.warn(show(`The login token could not be kept: ${error.message}`), terminal)
  }
}

/** False where there is nothing to replace, null where the answer was no. */
async function confirmReplace(replica: Pick<Replica, 'status'>, terminal: Terminal): Promise<boolean | null> {
  const { current, holder } = await replica.status()
  if (!current || current.dead !== null) return false
  const use = holder ? ` It is in use by ${holder.label} since ${holder.since}.` : ''
  const sure = await askYesNo(
    show(
      `There is a good session (revision ${current.revision}, saved ${current.savedAt}).${use} Put a new login in its place?`,
    ),
    terminal,
  )
  return sure ? true : null
}

async function whoLogsIn({ bot, qr, phone }: LoginAtTerminal, terminal: Terminal): Promise<Who> {
  if (qr) {
    log.step('Scan this in Telegram: Settings > Devices > Link Desktop Device', terminal)
    return { kind: 'qr', asker: terminalQrAsker(terminal) }
  }
  if (bot) return { kind: 'bot', token: await askBotToken(terminal) }
  return { kind: 'user', asker: terminalAsker(terminal), phone }
}

/** A login is too dear to lose to a store that fails now: then the session goes into a file here. */
async function store(
  replica: Replica,
  attempt: LoginAttempt,
  { session }: LoggedIn,
  terminal: Terminal,
): Promise<Revision> {
  const storing = withProgress('Storing the session', (onProgress) => attempt.finish(session, { onProgress }))
  const stored = await storing.catch(async (error: unknown) => {
    const file = path.resolve(`${replica.name}.rescued.session`)
    await writeDatabase(file, session)
    log.error('The session could not be stored', terminal)
    log.warn(`It was kept in ${file}. Store it with: tgsession push ${file}`, terminal)
    throw error
  })
  const { revision } = stored
  if (stored.outcome === 'quarantined') {
    log.error(`Quarantined as revision ${revision.revision}, not in use`, terminal)
    throw new RefusedError('login.other_account', `this was a login of another account: ${stored.reason}`, {
      hint: 'Correct TGSESSION_USER_ID, or log in with the account that it names.',
    })
  }
  log.success(`Stored as revision ${revision.revision}, key ${revision.keyFingerprint}`, terminal)
  return revision
}
