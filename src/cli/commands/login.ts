import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { intro, log, outro, spinner } from '@clack/prompts'
import type { Command } from 'commander'
import { ConfigurationError, UsageError } from '../../errors.ts'
import type { AttemptLog, DataCentre, LoggedIn, Who } from '../../login/login.ts'
import type { LoginAttempt, Replica } from '../../replica/replica.ts'
import { placeFile } from '../../session/place-file.ts'
import { sessionCommand, type WhichSession, withReplica } from '../options.ts'
import { askBotToken, askYesNo, terminalAsker } from '../terminal-asker.ts'
import type { Context } from '../program.ts'

interface Flags extends WhichSession {
  bot?: boolean
  phone?: string
  replace?: boolean
  dc?: string
  dcKey?: string
}

export function loginCommand(context: Context): Command {
  return sessionCommand('login', 'log in to Telegram once and store the session')
    .option('--bot', 'with a bot token instead of a phone number')
    .option('--phone <number>', 'saves the first question')
    .option('--replace', 'even though a good session is stored; asks first')
    .option('--dc <host:port>', "a data centre that is not Telegram's own, for rehearsals")
    .option('--dc-key <file>', 'its public RSA key (PEM)')
    .addHelpText('after', '\nExamples:\n  $ tgsession login\n  $ heroku run npm run login')
    .action(async (flags: Flags) => {
      requireTerminal()
      const dc = await dataCentre(flags)
      const needs = { needs: { api: true } }
      await withReplica(
        context,
        flags,
        async (replica, { apiId, apiHash }) => {
          if (apiId === undefined || apiHash === undefined)
            throw new TypeError('settings read without { api: true }')
          intro(`Log in as ${replica.name}, into ${replica.store.label}`)
          const replace = flags.replace ? await confirmReplace(replica) : false
          if (replace === null) return outro('Nothing was changed.')
          // Who may log in at all is asked of the store first: before any question, and before Telegram.
          const attempt = await replica.beginLogin({ replace })
          const who = await whoLogsIn(flags, replica, attempt)
          const { logIn } = await import('../../login/login.ts')
          const loggedIn = await logIn(who, { apiId, apiHash, dc, attempts: attemptLog(replica, attempt) })
          await store(replica, attempt, loggedIn)
        },
        needs,
      )
    })
}

/** A login that nobody watches ends in a ban: there must be a person. */
function requireTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return
  throw new UsageError(
    'login.no_terminal',
    'a login asks for a code, and there is no terminal here to ask at',
    {
      hint: 'Run it where you can type: `npx tgsession login`, or `heroku run npm run login`. Nothing was sent to Telegram.',
    },
  )
}

async function whoLogsIn(flags: Flags, replica: Replica, attempt: LoginAttempt): Promise<Who> {
  if (!flags.bot) return { kind: 'user', asker: terminalAsker, phone: flags.phone }
  try {
    return { kind: 'bot', token: await askBotToken() }
  } catch (error) {
    await replica.failLogin(attempt, 'login.cancelled')
    throw error
  }
}

/** False where there is nothing to replace, null where the answer was no. */
async function confirmReplace(replica: Replica): Promise<boolean | null> {
  const { current, holder } = await replica.status()
  if (!current || current.dead !== null) return false
  const use = holder ? ` It is in use by ${holder.label} since ${holder.since}.` : ''
  const sure = await askYesNo(
    `There is a good session (revision ${current.revision}, saved ${current.savedAt}).${use} Put a new login in its place?`,
  )
  return sure ? true : null
}

function attemptLog(replica: Replica, attempt: LoginAttempt): AttemptLog {
  return {
    // Written before the first question already; see beginLogin above.
    begin: () => Promise.resolve(),
    blocked: (until) => replica.failLogin(attempt, 'login.flood_wait', until),
    failed: (code) => replica.failLogin(attempt, code),
  }
}

/** A login is too dear to lose to a store that fails now: then the session goes into a file here. */
async function store(replica: Replica, attempt: LoginAttempt, { session, user }: LoggedIn): Promise<void> {
  const progress = spinner()
  progress.start('Storing the session')
  try {
    const revision = await replica.finishLogin(attempt, session)
    progress.stop(`Stored as revision ${revision.revision}, key ${revision.keyFingerprint}`)
  } catch (error) {
    progress.error('The session could not be stored')
    const file = path.resolve(`${replica.name}.rescued.session`)
    await placeFile(file, session)
    log.warn(`It was kept in ${file}. Store it with: tgsession push ${file}`)
    throw error
  }
  const name = user.username === undefined ? user.name : `${user.name} (@${user.username})`
  outro(`Logged in as ${name}. No other login is needed: start the bot with \`tgsession run\`.`)
}

async function dataCentre({ dc, dcKey }: Flags): Promise<DataCentre | undefined> {
  if (dc === undefined && dcKey === undefined) return undefined
  const match = /^(.+):(\d{1,5})$/.exec(dc ?? '')
  if (!match || dcKey === undefined)
    throw new UsageError('login.dc', '--dc takes HOST:PORT and needs --dc-key FILE', {
      hint: 'For example: tgsession login --dc 127.0.0.1:8443 --dc-key dc.pem',
    })
  try {
    return { host: match[1] ?? '', port: Number(match[2]), publicKeyPem: await readFile(dcKey, 'utf8') }
  } catch {
    throw new ConfigurationError('login.dc_key', `cannot read ${dcKey}`, {
      hint: 'It is the public key of the data centre, as PEM.',
    })
  }
}
