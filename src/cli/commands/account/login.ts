import { type Command, Option } from 'commander'
import { borrowedApiId } from '../../../login/borrowed-api-ids.ts'
import { loginAtTerminal } from '../../terminal/login-at-terminal.ts'
import { sessionCommand, settingsOf, usingReplica, type WhichSession } from '../../options.ts'
import { dataCentre, type DcFlags, withDcOptions } from './data-centre.ts'
import { dropKeys, serveUntil } from './web.ts'
import { atTerminal, requireTerminal } from '../../terminal/at-terminal.ts'
import { note, printJson } from '../../terminal/output.ts'
import { refuseLostDisk } from '../../store-warnings.ts'
import type { Context } from '../../context.ts'

interface Flags extends WhichSession, DcFlags {
  bot?: boolean
  qr?: boolean
  phone?: string
  web?: string | true
  insecureHttp?: boolean
  json?: boolean
  replace?: boolean
  ignoreLimit?: boolean
  keepLoginToken?: boolean
  yes?: boolean
}

export function loginCommand(context: Context): Command {
  const command = sessionCommand('login', 'log in to Telegram once and store the session')
    .option('--bot', 'with a bot token instead of a phone number')
    .addOption(
      new Option('--qr', 'with a QR code that Telegram on your phone scans').conflicts(['bot', 'phone']),
    )
    .option('--phone <number>', 'saves the first question')
    .option('--replace', 'even though a good session is stored; asks first')
    .addOption(
      new Option(
        '--ignore-limit',
        'even though three codes were asked for this phone number within 24 hours',
      ).conflicts('web'),
    )
    .addOption(
      new Option(
        '--keep-login-token',
        'so that the next login needs the password and no code (docs/security.md)',
      ).conflicts(['bot', 'qr', 'web']),
    )
    .option('--yes', 'also into a store on a disk that this host empties at each restart')
    .addOption(
      new Option(
        '--web [address]',
        'on a page in the browser: [HOST:]PORT, by default $PORT or 8080',
      ).conflicts(['bot', 'qr', 'phone']),
    )
    .option('--insecure-http', 'with --web: over plain HTTP beyond this machine')
    .option('--json', 'say what was stored as one JSON object; the questions go to standard error then')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tgsession login\n  $ tgsession login --qr     # scanned by Telegram on your phone; no code to type\n  $ heroku run npm run login',
    )
  return withDcOptions(command).action(async (flags: Flags) => {
    const { bot, qr, phone, replace, ignoreLimit, keepLoginToken } = flags
    const dc = await dataCentre(flags)
    if (flags.web === undefined) requireTerminal(flags)
    const settings = await settingsOf(context, flags, { api: true, store: true })
    await refuseLostDisk(settings, flags)
    const { apiId, apiHash } = settings
    if (apiId === undefined || apiHash === undefined)
      throw new TypeError('settings read without { api: true }')
    const borrowed = borrowedApiId(apiId)
    if (borrowed !== undefined) note(`tgsession: ${borrowed.message}`, `  ${borrowed.hint}`)
    if (flags.web !== undefined) {
      dropKeys(context)
      const page = { address: flags.web, replace, insecureHttp: flags.insecureHttp, dc }
      return context.exit(await serveUntil(settings, page, { untilDone: true }))
    }
    const how = { apiId, apiHash, dc, bot, qr, phone, replace, ignoreLimit, keepLoginToken }
    const stored = await usingReplica(settings, (replica) =>
      atTerminal(flags, (terminal) => loginAtTerminal(replica, how, terminal)),
    )
    if (!flags.json) return
    const { revision = null, keyFingerprint = null, userId = null } = stored ?? {}
    const outcome = stored === null ? 'unchanged' : 'saved'
    printJson({ outcome, name: settings.name, revision, keyFingerprint, userId })
  })
}
