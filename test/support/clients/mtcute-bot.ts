// A bot of mtcute's own, as docs/bots/mtcute.md has it: mtcute's storage in TGSESSION_FILE, in WAL mode, and no listener for
// SIGTERM, at which mtcute saves by itself. It answers `.ping`.
//
//   TGSESSION_FILE=… CHAOS_DC=HOST:PORT node mtcute-bot.ts
import { BaseSqliteStorage } from '@mtcute/core'
import { TelegramClient } from '@mtcute/node'
import { MtcuteDriver } from './mtcute-sqlite.ts'

const { TGSESSION_FILE: file = '', TELEGRAM_API_ID: apiId, TELEGRAM_API_HASH: apiHash = '' } = process.env
const [ipAddress = '', port] = (process.env['CHAOS_DC'] ?? '').split(':')
const dc = { id: 2, ipAddress, port: Number(port) }
const driver = new MtcuteDriver(file, { wal: true })
const client = new TelegramClient({
  apiId: Number(apiId),
  apiHash,
  storage: new BaseSqliteStorage(driver),
  // What a file says of its data centre comes first.
  defaultDcs: { main: dc, media: dc },
  logLevel: 1,
})
const isKept = (id: number): boolean =>
  driver.db.prepare(`select id from peers where id = ?`).get(id) !== undefined
// mtcute may hand over a message before it keeps who wrote it: then it has not committed him, and gives no answer.
client.onRawUpdate.add(({ update, peers }) => {
  if (update._ !== 'updateNewMessage' || update.message._ !== 'message' || update.message.message !== '.ping')
    return
  if (![...peers.users.keys()].every(isKept)) return
  void client.sendText('me', `pong (asked ${update.message.id})`).catch(console.error)
})
client.onError.add((error) => console.error('mtcute-bot:', error.message))
await client.start({ phone: () => Promise.reject(new Error('the session is not logged in')) })
console.log('mtcute-bot: connected')
