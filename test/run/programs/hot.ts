// Dies in the middle of a transaction that is on the disk by half: a hot journal stays beside the file.
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(process.env['TGSESSION_FILE'] ?? '')
database.exec(`INSERT OR REPLACE INTO entities (id, hash, name) VALUES (1001, 1, 'committed')`)
database.exec('PRAGMA cache_size = 2; PRAGMA cache_spill = 1; BEGIN')
const insert = database.prepare('INSERT INTO entities (id, hash, name) VALUES (?, 1, ?)')
for (let n = 0; n < 2000; n++) insert.run(2000 + n, `never committed ${'y'.repeat(300)}`)
process.kill(process.pid, 'SIGKILL')
