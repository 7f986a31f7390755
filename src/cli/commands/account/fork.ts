import { Command } from 'commander'
import { RefusedError, UsageError } from '../../../base/errors.ts'
import { borrowedApiId } from '../../../login/borrowed-api-ids.ts'
import type { LoggedIn } from '../../../login/login.ts'
import type { LoginAttempt, Replica } from '../../../replica/replica.ts'
import { checkOutput, nameOf, outputOption, overwriteOption, writeOutput } from '../../output-file.ts'
import type { Context } from '../../context.ts'
import { serverKey } from './data-centre.ts'
import { apiOf, withFreeLease } from '../../free-lease.ts'
import { settingsOf, usingReplica } from '../../options.ts'
import { atTerminal, requireTerminal } from '../../terminal/at-terminal.ts'
import { note, printJson, say } from '../../terminal/output.ts'
import { withSpinner } from '../../terminal/progress.ts'
import { type Terminal, terminalAsker } from '../../terminal/terminal.ts'

interface Flags {
  store?: string
  from?: string
  name?: string
  output?: string
  overwrite?: boolean
  json?: boolean
  device?: string
  dcKey?: string
  ignoreLimit?: boolean
}

export function forkCommand(context: Context): Command {
  return new Command('fork')
    .description('a second login of the same account, without a code: for a laptop, a test, another bot')
    .option('--store <url>', 'where sessions are kept (TGSESSION_STORE)')
    .option('--from <name>', 'which session lets it in (TGSESSION_NAME, default main)')
    .option('--name <new>', 'the name in the store that it gets')
    .addOption(outputOption('a file that it goes into instead'))
    .addOption(overwriteOption())
    .option('--device <text>', "how Telegram's list of devices calls it; tgsession (NAME) unless given")
    .option('--ignore-limit', 'even though three logins were made within 24 hours')
    .option(
      '--dc-key <file>',
      "the public RSA key (PEM) of a data centre that is not Telegram's own, for rehearsals",
    )
    .option('--json', 'say what was made as one JSON object; the questions go to standard error then')
    .addHelpText(
      'after',
      '\nTelegram tells the account of the new login, as of any other.\n\nExamples:\n  $ tgsession fork --name laptop\n  $ tgsession fork -o laptop.session',
    )
    .action(async (flags: Flags) => {
      const { store, from, name, output } = flags
      if ((name === undefined) === (output === undefined))
        throw new UsageError('fork.where', 'the new login needs a name or a file, and not both', {
          hint: 'tgsession fork --name laptop, or tgsession fork -o laptop.session',
        })
      // What is asked goes beside what is written.
      const aside = { json: flags.json || output === '-' }
      requireTerminal(aside)
      if (output !== undefined) await checkOutput(output, flags)
      const settings = await settingsOf(context, { store, name: from }, { api: true, store: true })
      const target = await settingsOf(context, { store, name: name ?? from }, { store: true })
      if (name !== undefined && target.name === settings.name)
        throw new UsageError(
          'fork.same_name',
          'the new login needs another name than the one that lets it in',
          {
            hint: 'For example --name laptop.',
          },
        )
      const borrowed = settings.apiId === undefined ? undefined : borrowedApiId(settings.apiId)
      if (borrowed !== undefined) note(`tgsession: ${borrowed.message}`, `  ${borrowed.hint}`)
      const publicKeyPem = flags.dcKey === undefined ? undefined : await serverKey(flags.dcKey)
      const device = flags.device ?? `tgsession (${name ?? 'fork'})`
      await atTerminal(aside, (terminal) =>
        usingReplica(settings, (source) =>
          usingReplica(target, async (into) => {
            const how = {
              ...apiOf(settings),
              device,
              output,
              publicKeyPem,
              json: flags.json ?? false,
              ignoreLimit: flags.ignoreLimit ?? false,
            }
            await fork(source, into, how, terminal)
          }),
        ),
      )
    })
}

const during = <T>(work: Promise<T>): Promise<T> =>
  withSpinner('Asking Telegram to let a second login in', () => work)

interface How {
  apiId: number
  apiHash: string
  device: string
  output: string | undefined
  publicKeyPem: string | undefined
  json: boolean
  ignoreLimit: boolean
}

async function fork(
  source: Replica,
  into: Replica,
  { output, device, json, ignoreLimit, ...api }: How,
  terminal: Terminal & { signal: AbortSignal },
): Promise<void> {
  await withFreeLease(source, terminal.signal, async ({ bytes, signal }) => {
    const { forkSession } = await import('../../../login/fork.ts')
    const asker = terminalAsker(terminal)
    // Written down under the name that it gets; a login into a file under the name that lets it in.
    const attempts = into.attempt({ replace: output !== undefined, ignoreLimit })
    const how = { ...api, asker, attempts, signal, deviceModel: device, during }
    const loggedIn = await forkSession(bytes, how)
    await keep(into, attempts, loggedIn, { output, json })
    const tell = json || output === '-' ? note : say
    tell(`Telegram tells the account of a new login from "${device}"; it is this one.`)
  })
}

async function keep(
  into: Replica,
  attempt: LoginAttempt,
  { session, keyFingerprint, user }: LoggedIn,
  { output, json }: { output: string | undefined; json: boolean },
): Promise<void> {
  if (output !== undefined) {
    const words = `Wrote a second login of user ${user.id} to ${nameOf(output)} (key ${keyFingerprint}).`
    const answer = json && { name: null, file: output, revision: null, keyFingerprint, userId: user.id }
    await writeOutput(output, session, { words, answer })
    return await attempt.failed('forked')
  }
  const stored = await attempt.finish(session)
  if (stored.outcome === 'quarantined')
    throw new RefusedError('login.other_account', `this was a login of another account: ${stored.reason}`, {
      hint: 'Correct TGSESSION_USER_ID, or log in with the account that it names.',
    })
  const { revision } = stored.revision
  if (json) printJson({ name: into.name, file: null, revision, keyFingerprint, userId: user.id })
  else
    say(
      `Stored a second login of user ${user.id} as ${into.name}, revision ${revision} (key ${keyFingerprint}).`,
    )
}
