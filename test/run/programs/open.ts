// Opens the session of its environment in process. Says what happens as JSON lines on stdout, and does what HOST says.
import { setTimeout as sleep } from 'node:timers/promises'
import { openSession } from '../../../src/run/open-session.ts'

const say = (event: string, fields: object = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
const { HOST: host = '' } = process.env

if (host === 'once-before') process.once('SIGTERM', () => void hostStops())
const opened = await openSession(process.env, { report: say, quietMs: 100 })
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
