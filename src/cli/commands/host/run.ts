import { type Command, Option } from 'commander'
import { systemClock } from '../../../base/clock.ts'
import { SAVE_AFTER } from '../../../config/duration.ts'
import { namesPlainSession, openPlainSession } from '../../../config/open-plain-session.ts'
import { lostDisk } from '../../../config/lost-disk.ts'
import { sessionPath } from '../../../config/session-path.ts'
import type { Settings } from '../../../config/settings.ts'
import { TgsessionError, UsageError } from '../../../base/errors.ts'
import { FAMILY_NAMES, type FamilyName } from '../../../session/formats/family.ts'
import type { StringFormatName } from '../../../session/formats/portable-session.ts'
import { commandOutlivesUs, OUTLIVES_US } from '../../../run/command/process/command.ts'
import { isChildOfNpm, requireOpenFiles } from '../../../run/command/process/host-process.ts'
import { run, type RunOptions, Stop } from '../../../run/command/run.ts'
import { runPlain } from '../../../run/command/run-plain.ts'
import { describeError, type Report } from '../../../base/life/report.ts'
import { RunStatus } from '../../../run/run-status.ts'
import { besideRun } from '../../web/beside-run.ts'
import { isForegroundJob } from '../../../run/command/process/foreground.ts'
import { eventLog, sparingly } from '../../terminal/log.ts'
import { STRING_TARGETS, stringFormat } from '../../terminal/formats.ts'
import { duration } from '../../terminal/numbers.ts'
import { withProgress } from '../../terminal/progress.ts'
import { quickStartVariables } from '../../quick-start.ts'
import { sessionCommand, settingsOf, usingReplica, type WhichSession } from '../../options.ts'
import { storeWarnings } from '../../store-warnings.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession {
  file?: string
  maxWait?: number
  saveAfter?: number
  client?: FamilyName
  sessionEnv?: string[]
  passEnv?: boolean
  json?: boolean
  health?: string | true
  web?: string | true
  insecureHttp?: boolean
}

export function runCommand(context: Context): Command {
  return sessionCommand(
    'run',
    'run a command with the session, one instance at a time, and save what it changes',
  )
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--file <path>', 'where the session is placed (TGSESSION_FILE)')
    .option(
      '--max-wait <time>',
      'give up waiting for a session or the lease after 30s, 5m …; without it `run` waits for ever',
      duration([0, 9_999_999_000]),
    )
    .option(
      '--save-after <time>',
      'save this long after the last change, by default 5s, or 30s where a save uploads the whole session (TGSESSION_SAVE_AFTER); more often costs more requests',
      duration(SAVE_AFTER),
    )
    .option(
      '--session-env <name=format>',
      `give the session as a string in this variable (${STRING_TARGETS.join(', ')}); nothing is written back then; may be repeated`,
      (text: string, before: string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(
      new Option(
        '--client <family>',
        'which file the command opens (TGSESSION_CLIENT); as it is stored, unless given',
      ).choices(FAMILY_NAMES),
    )
    .option(
      '--health [address]',
      'answer /healthz, /readyz and /metrics on [HOST:]PORT, by default $PORT (docs/web.md)',
    )
    .option('--web [address]', 'the login page too, for hosts that give one process and one port')
    .option('--insecure-http', 'with --web: over plain HTTP beyond this machine')
    .option('--json', 'tell what happens as JSON, one object a line, on standard error')
    .option('--pass-env', 'leave our own secrets in the environment of the command')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession run -- node bot.js\n  $ tgsession run -- python -u bot.py      # opens os.environ["TGSESSION_FILE"]',
    )
    .action(async (argv: string[], flags: Flags) => {
      const asStrings = (flags.sessionEnv ?? []).map(parseSessionEnv)
      const { stop, forget } = stopOnSignals()
      const { report, status, close } = openLog(flags)
      const plan = (settings: Settings): RunOptions => ({
        argv,
        env: { ...quickStartVariables(), ...without(context.env, settings.importing?.variables) },
        file: flags.file === undefined ? settings.file : sessionPath(flags.file, '--file'),
        passEnv: flags.passEnv,
        asStrings,
        family: flags.client ?? settings.client,
        api: apiOf(settings),
        apiId: settings.apiId,
        userId: settings.userId === undefined ? undefined : BigInt(settings.userId),
        stop,
        forwards: (signal) => !settings.signalsAll && !(signal === 'SIGINT' && isForegroundJob()),
        shutdownMs: settings.shutdownMs,
        maxWaitMs: flags.maxWait,
        quietMs: flags.saveAfter ?? settings.saveAfterMs,
        report,
        showProgress: withProgress,
        clock: systemClock,
      })
      try {
        requireOpenFiles()
        if (commandOutlivesUs()) report('warning', OUTLIVES_US)
        context.exit(await runWhere(context, flags, { report, status }, plan))
      } finally {
        forget()
        close()
        // What was given up for lack of time must not hold the process until the host kills it.
        if (stop.aborted) setTimeout(() => process.exit(), 200).unref()
      }
    })
}

/** On what the settings name: one plain file, or a replica in a store. */
async function runWhere(
  context: Context,
  flags: Flags,
  { report, status }: { report: Report; status: RunStatus },
  plan: (settings: Settings) => RunOptions,
): Promise<number> {
  const settings = await settingsOf(context, flags, { store: true })
  if (settings.warning) report('warning', settings.warning)
  for (const found of await storeWarnings(settings)) report('warning', found)
  if (settings.isManaged && isChildOfNpm()) report('warning', NPM_DIES)
  const { name, label: holder } = settings
  const beside = <T>(renewals: () => number, use: () => Promise<T>): Promise<T> =>
    besideRun(
      flags,
      settings,
      { labels: { name, holder }, snapshot: () => status.snapshot(renewals()) },
      report,
      use,
    )
  if (namesPlainSession(settings))
    return await beside(
      () => 0,
      () => runPlain((how) => openPlainSession(settings, how), plan(settings)),
    )
  const importing = settings.importing && { ...settings.importing, lost: await lostDisk(settings) }
  const tellTrouble = sparingly((message) => report('store.unreachable', { message }), systemClock)
  let trouble: TgsessionError | undefined
  const onTrouble = (error: Error): void => {
    if (error instanceof TgsessionError) trouble = error
    status.noteStoreError(describeError(error).code)
    tellTrouble(error)
  }
  return await usingReplica(
    settings,
    (replica) =>
      beside(
        () => replica.lastSeen?.holder?.beat ?? 0,
        () => run(replica, { ...plan(settings), importing, lastTrouble: () => trouble }),
      ),
    onTrouble,
  )
}

/** A string that was imported is not used beside the session that it became. */
function without(env: Context['env'], names: readonly string[] = []): Context['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}

/** The first of them is the reason of `stop`; until `forget` none of them ends this process. */
function stopOnSignals(): { stop: AbortSignal; forget: () => void } {
  const stop = new AbortController()
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const
  // Few programs know how to end on SIGQUIT: they dump their memory, and the session with it.
  const onSignal = (name: NodeJS.Signals): void => stop.abort(new Stop(name === 'SIGQUIT' ? 'SIGTERM' : name))
  for (const name of names) process.on(name, onSignal)
  const forget = (): void => names.forEach((name) => process.off(name, onSignal))
  return { stop: stop.signal, forget }
}

/** Each event as it comes; and how things stand, at SIGUSR2 and, where nobody watches, once a minute. */
function openLog({ json }: Flags): { report: Report; status: RunStatus; close: () => void } {
  const standing = new RunStatus(systemClock)
  const log = eventLog(process.stderr, {}, { json })
  const tell = (): void => log('status', standing.fields)
  const over = new AbortController()
  process.on('SIGUSR2', tell)
  if (!process.stderr.isTTY) void standing.everyMinute(tell, over.signal)
  const close = (): void => {
    process.off('SIGUSR2', tell)
    over.abort()
  }
  return { report: standing.following(log), status: standing, close }
}

const NPM_DIES = {
  message:
    'npm started this process: it ends at SIGTERM without waiting, and the host then kills what is left',
  hint: 'Start it without npm or npx, as in: exec node node_modules/.bin/tgsession run -- node bot.js',
}

/** The ending may be left out: only strings go into a variable. */
function parseSessionEnv(text: string): { variable: string; format: StringFormatName } {
  const [, variable, name = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=([\w-]+)$/.exec(text) ?? []
  const format = stringFormat(name.endsWith('-string') ? name : `${name}-string`)
  if (variable !== undefined && format !== undefined) return { variable, format }
  throw new UsageError(
    'run.session_env',
    `--session-env must be NAME=FORMAT, one of ${STRING_TARGETS.join(', ')}`,
    {
      hint: 'For example --session-env SESSION_STRING=telethon-string. The session itself never goes there.',
    },
  )
}

function apiOf({ apiId, apiHash }: Settings): RunOptions['api'] {
  return apiId === undefined || apiHash === undefined ? undefined : { apiId, apiHash }
}
