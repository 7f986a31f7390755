// Opens the session of its environment in process. Says what happens as JSON lines on stdout, and does what HOST says.
import { setTimeout as sleep } from 'node:timers/promises'
import { TelegramClient } from 'telegram'
import { LeaseError } from '../../../src/base/errors.ts'
import { openSession } from '../../../src/run/in-process/gramjs.ts'
import { clientOptions } from '../../../src/clients/gramjs/client-options.ts'

const say = (event: string, fields: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
const { HOST: host = '' } = process.env

if (host === 'once-before') process.once('SIGTERM', () => void hostStops())
// No signal comes sooner than in the moment in which the lease is ours.
const report = (event: string, fields = {}): void => {
  say(event, fields)
  if (host.startsWith('signalled-while-opening') && event === 'lease.taken')
    process.kill(process.pid, 'SIGTERM')
}
if (host === 'signalled-while-opening-with-listener') process.on('SIGTERM', () => say('host-heard'))
const opening = openSession(process.env, { report, quietMs: 100 })
if (host === 'signalled-while-opening-with-listener')
  await opening.catch((error: unknown) => {
    say(error instanceof LeaseError ? error.code : 'unexpected')
    process.exit(9)
  })
const opened = await opening
if (host === 'two')
  await openSession({ ...process.env, TGSESSION_NAME: 'second' }, { report: say, quietMs: 100 })
if (host === 'client-that-hangs') {
  const client = new TelegramClient(opened.session, 12345, 'hash', clientOptions(opened.session))
  client.destroy = () => new Promise(() => undefined)
  opened.attach(client)
}
say('opened', { hasKey: opened.session.authKeyBytes?.length === 256 })
opened.signal.addEventListener('abort', () => say('signal'))
if (host === 'on-after') process.on('SIGTERM', () => void hostStops())
if (host === 'close') {
  await opened.close()
  say('closed')
}
if (host === 'signalled-while-closing') {
  const closing = opened.close()
  for (let n = 0; n < 2; n++) process.kill(process.pid, 'SIGTERM')
  await closing
}
// Nothing of the session's may keep a program alive that has closed it.
if (host !== 'close') setInterval(() => undefined, 1000)

async function hostStops(): Promise<void> {
  say('host-stopping')
  await sleep(700)
  await opened.close()
  say('host-stopped')
  process.exit(9)
}
