// Commits to the session file every few milliseconds until it is told to end. COUNT rows, then it only sits there; with
// DEAF it is never told.
import { DatabaseSync } from 'node:sqlite'

const {
  TGSESSION_FILE: file = '',
  COUNT: count = 'Infinity',
  DEAF: deaf,
  EVERY_MS: every = '10',
} = process.env
const database = new DatabaseSync(file, { timeout: 5000 })
const insert = database.prepare('INSERT OR REPLACE INTO entities (id, hash, name) VALUES (?, 1, ?)')
let n = 0
setInterval(() => {
  if (n >= Number(count)) return
  n++
  insert.run(50_000 + n, `entity ${n} ${'x'.repeat(200)}`)
}, Number(every))
process.on('SIGTERM', () => {
  if (deaf) return
  database.close()
  process.exit(0)
})
