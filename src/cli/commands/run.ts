import type { Command } from 'commander'
import { systemClock } from '../../clock.ts'
import { UsageError } from '../../errors.ts'
import { hasSetpriv } from '../../run/command.ts'
import { run, Stop } from '../../run/run.ts'
import { eventLog } from '../log.ts'
import { sessionCommand, type WhichSession, withReplica } from '../options.ts'
import type { Context } from '../context.ts'

interface Flags extends WhichSession {
  file?: string
  maxWait?: string
  passEnv?: boolean
}

export function runCommand(context: Context): Command {
  return sessionCommand(
    'run',
    'run a command with the session, one instance at a time, and save what it changes',
  )
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--file <path>', 'where the session is placed (TGSESSION_FILE)')
    .option(
      '--max-wait <seconds>',
      'give up waiting for a session or the lease; without it `run` waits for ever',
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
      const report = eventLog(process.stderr, {})
      if (!hasSetpriv())
        report('warning', { message: 'no setpriv here: a kill -9 of tgsession leaves the command running' })
      try {
        await withReplica(
          context,
          flags,
          async (replica, settings) => {
            const code = await run(replica, {
              argv,
              env: context.env,
              file: flags.file ?? settings.file,
              passEnv: flags.passEnv,
              stop: stop.signal,
              forwards: (signal) => !settings.signalsAll && !(signal === 'SIGINT' && process.stdin.isTTY),
              shutdownMs: settings.shutdownMs,
              maxWaitMs: maxWaitMs(flags.maxWait),
              report,
              clock: systemClock,
            })
            context.exit(code)
          },
          { onTrouble: (error) => report('store.unreachable', { message: error.message }) },
        )
      } finally {
        for (const name of names) process.off(name, onSignal)
      }
    })
}

function maxWaitMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,7}$/.test(text)) return Number(text) * 1000
  throw new UsageError('run.max_wait', '--max-wait must be a number of seconds', {
    hint: 'For example --max-wait 60',
  })
}
