import type { FamilyName } from '../../../src/session/formats/family.ts'
import { procfileLine } from '../cli/dyno.ts'
import { PYTHON } from '../requires.ts'
import type { Bot } from './plan.ts'

const WRAPPED = 'exec node dist/scripts/bootstrap.js'
const kin = (family: FamilyName, save = ''): string =>
  `${PYTHON} -u test/support/clients/pyrogram_bot.py ${family}${save}`

/** What `tgsession run` starts. Those of Pyrogram's kin save once a second, or at the stop alone, as most do. */
const COMMANDS: Record<Exclude<Bot, 'in process'>, string> = {
  gramjs: 'node dist/examples/ping-bot.js',
  teleproto: 'node dist/examples/teleproto-bot.js',
  telethon: `${PYTHON} -u examples/telethon-bot.py`,
  pyrogram: kin('pyrogram', ' --save 1'),
  pyrofork: kin('pyrofork'),
  kurigram: kin('kurigram'),
  kurigram6: kin('kurigram6', ' --save 1'),
  mtcute: 'node test/support/clients/mtcute-bot.ts',
}

/** Which file a bot opens. */
export function familyOf(bot: Bot): FamilyName {
  return bot === 'gramjs' || bot === 'teleproto' || bot === 'in process' ? 'telethon' : bot
}

/** What the Procfile would say: for GramJS it is what the Procfile says. */
export function lineOf(bot: Bot): string {
  if (bot === 'in process') return 'exec node dist/examples/in-process-bot.js'
  return bot === 'gramjs' ? procfileLine() : `${WRAPPED} ${COMMANDS[bot]}`
}

/** With a lease that nobody else sees: see leaseless.ts. */
export const LEASELESS_LINE = 'exec node test/support/chaos/leaseless.ts node dist/examples/ping-bot.js'

const KEPT = ['PATH', 'TGSESSION_FILE', 'TELEGRAM_API_ID', 'TELEGRAM_API_HASH', 'CHAOS_DC']

/** The bot, started as cron, sudo and daemons start programs: in a session of its own, and with no environment. */
export function hiddenLine(bot: Exclude<Bot, 'in process'>): string {
  const kept = KEPT.map((name) => `${name}="$${name}"`).join(' ')
  return `${WRAPPED} sh -c 'env -i ${kept} setsid ${COMMANDS[bot]} & wait'`
}
