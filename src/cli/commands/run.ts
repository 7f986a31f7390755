import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { systemClock } from '../../clock.ts'
import { SAVE_AFTER } from '../../config/duration.ts'
import { namesPlainSession, openPlainSession } from '../../config/open-plain-session.ts'
import type { Settings } from '../../config/settings.ts'
import { UsageError } from '../../errors.ts'
import { commandOutlivesUs } from '../../run/command.ts'
import { run, type RunOptions, Stop } from '../../run/run.ts'
import { type OpenPlain, runPlain } from '../../run/run-plain.ts'
import { Standing } from '../../run/standing.ts'
import { eventLog, sparingly } from '../log.ts'
import { duration } from '../numbers.ts'
import { withProgress } from '../progress.ts'
import { COMPILE_CACHE } from '../quick-start.ts'
import {
  keptCommand,
  namesContainer,
  settingsOf,
  usingContainer,
  usingReplica,
  type WhichSession,
} from '../options.ts'
import type { Context } from '../context.ts'

interface Flags extends WhichSession {
  file?: string
  maxWait?: number
  saveAfter?: number
  sessionEnv?: string
  passEnv?: boolean
}

export function runCommand(context: Context): Command {
  return keptCommand(
    'run',
    'run a command with the session, one instance at a time, and save what it changes',
  )
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--file <path>', 'where the session is placed (TGSESSION_FILE)')
    .option(
      '--max-wait <seconds>',
      'give up waiting for a session or the lease; without it `run` waits for ever',
      duration([0, 9_999_999_000]),
    )
    .option(
      '--save-after <seconds>',
      'save this long after the last change, by default 30 (TGSESSION_SAVE_AFTER); more often costs more requests',
      duration(SAVE_AFTER),
    )
    .option(
      '--session-env <name=format>',
      `give the session as a string in this variable (${FORMATS.join(', ')}); nothing is written back then`,
    )
    .option('--pass-env', 'leave our own secrets in the environment of the command')
    .passThroughOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession run -- node bot.js\n  $ tgsession run -- python -u bot.py      # opens os.environ["TGSESSION_FILE"]',
    )
    .action(async (argv: string[], flags: Flags) => {
      const stop = new AbortController()
      const names = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
      const onSignal = (name: NodeJS.Signals): void => stop.abort(new Stop(name))
      for (const name of names) process.on(name, onSignal)
      const asString = parseSessionEnv(flags.sessionEnv)
      const standing = new Standing(systemClock)
      const log = eventLog(process.stderr, {})
      const report = standing.following(log)
      const tell = (): void => log('status', standing.fields)
      const everyMinute = process.stderr.isTTY ? undefined : setInterval(tell, 60_000).unref()
      process.on('SIGUSR2', tell)
      if (commandOutlivesUs())
        report('warning', {
          message:
            'neither setpriv nor /bin/sh on Linux here: a kill -9 of tgsession leaves the command running',
        })
      try {
        const plan = (settings: Settings): RunOptions => ({
          argv,
          // A bot in Node starts faster by what the build has compiled for it.
          env: existsSync(COMPILE_CACHE)
            ? { NODE_COMPILE_CACHE: COMPILE_CACHE, ...context.env }
            : context.env,
          file: flags.file ?? settings.file,
          passEnv: flags.passEnv,
          asString,
          api: apiOf(settings),
          stop: stop.signal,
          forwards: (signal) => !settings.signalsAll && !(signal === 'SIGINT' && process.stdin.isTTY),
          shutdownMs: settings.shutdownMs,
          maxWaitMs: flags.maxWait,
          quietMs: flags.saveAfter ?? settings.saveAfterMs,
          report,
          showProgress: withProgress,
          clock: systemClock,
        })
        const inContainer = namesContainer(context, flags)
        const needs = inContainer ? { container: true } : { store: true }
        const settings = await settingsOf(context, flags, needs)
        if (settings.warning) report('warning', settings.warning)
        if (inContainer)
          return await usingContainer(settings, async (container) =>
            context.exit(await run(container.keep(settings.name, settings), plan(settings))),
          )
        if (namesPlainSession(settings)) {
          const open: OpenPlain = (how) => openPlainSession(settings, how)
          return context.exit(await runPlain(open, plan(settings)))
        }
        await usingReplica(settings, async (replica) => context.exit(await run(replica, plan(settings))), {
          onTrouble: sparingly((message) => report('store.unreachable', { message }), systemClock),
        })
      } finally {
        for (const name of names) process.off(name, onSignal)
        process.off('SIGUSR2', tell)
        clearInterval(everyMinute)
        // What was given up for lack of time must not hold the process until the host kills it.
        if (stop.signal.aborted) setTimeout(() => process.exit(), 200).unref()
      }
    })
}

const FORMATS = ['telethon', 'gramjs', 'pyrogram', 'mtcute'] as const

function parseSessionEnv(text: string | undefined): RunOptions['asString'] {
  if (text === undefined) return undefined
  const [, variable, name] = /^([A-Za-z_][A-Za-z0-9_]*)=(\w+)$/.exec(text) ?? []
  const format = FORMATS.find((one) => one === name)
  if (variable !== undefined && format !== undefined) return { variable, format }
  throw new UsageError('run.session_env', `--session-env must be NAME=FORMAT, one of ${FORMATS.join(', ')}`, {
    hint: 'For example --session-env SESSION_STRING=telethon. The session itself never goes there.',
  })
}

function apiOf({ apiId, apiHash }: Settings): RunOptions['api'] {
  return apiId === undefined || apiHash === undefined ? undefined : { apiId, apiHash }
}
