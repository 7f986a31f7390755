import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { createTelethonFile } from '../src/session/formats/telethon/file.ts'

/** A session with a key and as many people as make it this large; hashes and names are random, as real ones are. */
export async function makeSession(file: string, bytes: number): Promise<void> {
  const { db } = await createTelethonFile()
  writeFileSync(file, db.export())
  db.close()
  const filling = new DatabaseSync(file)
  filling
    .prepare(`update sessions set dc_id = 2, server_address = '149.154.167.51', port = 443, auth_key = ?`)
    .run(randomBytes(256))
  const put = filling.prepare('insert into entities values (?, ?, ?, ?, ?, ?)')
  const pages = filling.prepare(
    'select page_count * page_size as bytes from pragma_page_count, pragma_page_size',
  )
  filling.exec('begin')
  for (let id = 1_000_000; Number(pages.get()?.['bytes']) < bytes;)
    for (let k = 0; k < 200; k++, id += 7919) {
      const random = randomBytes(20)
      const name = random.toString('base64url', 8)
      const phone = 10_000_000_000 + random.readUInt32LE(4)
      put.run(id, random.readBigInt64LE(), `u_${name.slice(0, 9)}`, phone, name, 1_700_000_000 + k)
    }
  filling.exec('commit')
  filling.close()
}
