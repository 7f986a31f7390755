import type { Command } from 'commander'
import type { Settings } from '../../../config/settings.ts'
import type { Context } from '../../context.ts'
import { sessionCommand, settingsOf, type WhichSession } from '../../options.ts'
import { refuseLostDisk } from '../../store-warnings.ts'
import { eventLog } from '../../terminal/log.ts'
import { Interrupted } from '../../terminal/output.ts'
import { dataCentre, type DcFlags, withDcOptions } from './data-centre.ts'
import { type PageFlags, servePage } from '../../web/serve-page.ts'

interface Flags extends WhichSession, DcFlags {
  replace?: boolean
  insecureHttp?: boolean
  yes?: boolean
}

export function webCommand(context: Context): Command {
  const command = sessionCommand('web', 'serve the login page and the state of the session (docs/web.md)')
    .argument('[address]', 'where to listen: [HOST:]PORT; by default $PORT, or 8080 on this machine')
    .option('--replace', 'offer a login even though a good session is stored')
    .option('--yes', 'also for a store on a disk that this host empties at each restart')
    .option('--insecure-http', 'over plain HTTP beyond this machine: a proxy in front speaks HTTPS')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession web                  # prints the address to open\n  $ heroku ps:scale web=1          # then open the app, and scale it to 0 again',
    )
  return withDcOptions(command).action(async (address: string | undefined, flags: Flags) => {
    const settings = await settingsOf(context, flags, { store: true })
    await refuseLostDisk(settings, flags)
    dropKeys(context)
    const { replace, insecureHttp } = flags
    const how = { address: address ?? (true as const), replace, insecureHttp, dc: await dataCentre(flags) }
    context.exit(await serveUntil(settings, how, { untilDone: false }))
  })
}

/**
 * Serves the page until a signal ends it, or, with `untilDone`, a login has stored its session. Returns the exit code.
 * @throws as servePage
 */
export async function serveUntil(
  settings: Settings,
  flags: PageFlags,
  { untilDone }: { untilDone: boolean },
): Promise<number> {
  const report = eventLog(process.stderr, {})
  const ended = Promise.withResolvers<number>()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const onSignal = (name: NodeJS.Signals): void => ended.resolve(new Interrupted(name).exitCode)
  for (const name of names) process.on(name, onSignal)
  const page = await servePage(
    settings,
    flags,
    (event, fields) => {
      report(event, fields)
      // The page asks once more, and shows that it is done.
      if (untilDone && event === 'login.stored') setTimeout(() => ended.resolve(0), LAST_LOOK_MS)
    },
    null,
  )
  if (page.url !== null) process.stdout.write(`Open ${page.url}\n`)
  try {
    return await ended.promise
  } finally {
    await page.close()
    for (const name of names) process.off(name, onSignal)
  }
}

const LAST_LOOK_MS = 4_000

/** The page needs the public half only, which the settings hold by now. */
export function dropKeys({ env }: Context): void {
  for (const name of ['TGSESSION_KEY', 'TGSESSION_KEY_PREVIOUS']) {
    delete env[name]
    delete process.env[name]
  }
}
