import { PYTHON } from '../requires.ts'
import { procfileLine } from '../cli/dyno.ts'
import type { Bot } from './plan.ts'

const WRAPPED = 'exec node dist/scripts/bootstrap.js'

/** What the Procfile would say: for GramJS it is what the Procfile says. */
export const LINES: Record<Bot, string> = {
  gramjs: procfileLine(),
  teleproto: `${WRAPPED} node dist/examples/teleproto-bot.js`,
  telethon: `${WRAPPED} ${PYTHON} -u examples/telethon-bot.py`,
  'in process': 'exec node dist/examples/in-process-bot.js',
}

/** With a lease that nobody else sees: see leaseless.ts. */
export const LEASELESS_LINE = 'exec node test/support/chaos/leaseless.ts node dist/examples/ping-bot.js'

/** The GramJS bot, started as cron, sudo and daemons start programs: in a session of its own, and with no environment. */
export const HIDDEN_LINE = `${WRAPPED} sh -c 'env -i PATH="$PATH" TGSESSION_FILE="$TGSESSION_FILE" \
TELEGRAM_API_ID="$TELEGRAM_API_ID" TELEGRAM_API_HASH="$TELEGRAM_API_HASH" \
setsid node dist/examples/ping-bot.js & wait'`
