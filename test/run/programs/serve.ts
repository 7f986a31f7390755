// A bot that sits there. LOG gets a line for its start and for every signal; on SIGTERM it writes to its session, as
// a bot does that saves at the end. With STUBBORN=1 it stays all the same; with SLOW_MS it takes its time.
import { appendFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

const { LOG: log = '', TGSESSION_FILE: file = '', STUBBORN: stubborn, SLOW_MS: slow } = process.env
const note = (line: string): void => appendFileSync(log, `${line} ${process.pid}\n`)

async function onTerm(): Promise<void> {
  note('SIGTERM')
  if (stubborn) return
  await sleep(Number(slow ?? 0))
  const database = new DatabaseSync(file)
  database.exec(`INSERT OR REPLACE INTO entities (id, hash, name) VALUES (90001, 1, 'written on TERM')`)
  database.close()
  note('end')
  process.exit(7)
}
process.on('SIGTERM', () => void onTerm())
for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => note(name))
setInterval(() => undefined, 1000)
note('start')
