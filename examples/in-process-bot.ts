/**
 * The ping bot in one process with its session, without `tgsession run`: it takes the lease itself, and the session
 * never lies on the disk. Its environment is that of `tgsession run`: TGSESSION_STORE, TGSESSION_KEY and so on.
 *
 *     node dist/examples/in-process-bot.js
 */
import { once } from 'node:events'
import { TelegramClient } from 'telegram'
import { NewMessage, type NewMessageEvent } from 'telegram/events/index.js'
import { LeaseError, TgsessionError } from 'tgsession'
import { clientOptions, connectClient, openSession } from 'tgsession/gramjs'

const { TELEGRAM_API_ID: apiId, TELEGRAM_API_HASH: apiHash } = process.env
if (!apiId || !apiHash) {
  console.error('TELEGRAM_API_ID and TELEGRAM_API_HASH must be set')
  process.exit(78)
}

function report(event: string, fields: object = {}): void {
  console.error(
    [`event=${event}`, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join(' '),
  )
}

/** Until the session must not be used any more: the lease was lost, or another session was stored. */
async function serve(): Promise<void> {
  const opened = await openSession(process.env, { report })
  const client = new TelegramClient(
    opened.session,
    Number(apiId),
    String(apiHash),
    clientOptions(opened.session),
  )
  opened.attach(client)
  async function pong({ message }: NewMessageEvent): Promise<void> {
    await client.sendMessage('me', { message: `pong (asked ${message.id})` })
  }
  client.addEventHandler(
    (event: NewMessageEvent) => void pong(event).catch(console.error),
    new NewMessage({ outgoing: true, pattern: /^\.ping$/ }),
  )
  try {
    await connectClient(client)
    console.log('in-process-bot: connected')
    if (!opened.signal.aborted) await once(opened.signal, 'abort')
  } finally {
    await opened.close()
  }
}

// On SIGTERM and SIGINT the session closes itself, and then the signal ends the process.
for (;;) {
  try {
    await serve()
  } catch (error) {
    if (error instanceof LeaseError) continue
    if (!(error instanceof TgsessionError)) throw error
    console.error(`in-process-bot: ${error.message}. ${error.hint}`)
    process.exit(error.exitCode)
  }
}
