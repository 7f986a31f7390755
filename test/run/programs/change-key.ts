// What a client does whose key the server has forgotten: it makes another, and writes it to the session.
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(process.env['TGSESSION_FILE'] ?? '')
database.prepare('UPDATE sessions SET auth_key = ?').run(randomBytes(256))
database.close()
setInterval(() => undefined, 1000)
