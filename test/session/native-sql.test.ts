import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NativeDatabase } from '../../src/session/native-sql.ts'
import { SqlDatabase, type SqlReader, type SqlRow } from '../../src/session/sql.ts'
import { createTelethonFile } from '../../src/session/telethon-file.ts'

const SELECT = 'select hash, username, name, x from entities join (select ? as x) order by id'

async function file(): Promise<Uint8Array> {
  const { db } = await createTelethonFile()
  db.script(`
    insert into entities (id, hash, username, name) values (1, -9223372036854775808, 'ada', 'Ada — 爱达');
    insert into entities (id, hash) values (2, 9007199254740993);
    update sessions set auth_key = x'00ff10';`)
  const bytes = db.export()
  db.close()
  return bytes
}

async function both(bytes: Uint8Array): Promise<SqlReader[]> {
  const native = await NativeDatabase.open(bytes)
  return [await SqlDatabase.open(bytes), ...(native ? [native] : [])]
}

function rows(db: SqlReader): SqlRow[] {
  const found: SqlRow[] = []
  db.each(SELECT, ['text'], (row) => found.push({ ...row }))
  assert.deepEqual(
    db.all(SELECT, 'text').map((row) => ({ ...row })),
    found,
  )
  assert.deepEqual({ ...db.get(SELECT, 'text') }, found[0])
  return [...found, { ...db.get('select auth_key from sessions') }]
}

describe('Node’s own SQLite', () => {
  const skip = process.versions.node.startsWith('22.') && 'it cannot open bytes before Node 24'

  it('reads what sql.js reads', { skip }, async () => {
    const [wasm, native] = await both(await file())
    assert.ok(wasm && native)
    assert.deepEqual(rows(native), rows(wasm))
    assert.equal(native.get('select 1 as one from entities where id = 3'), undefined)
    for (const db of [wasm, native]) db.close()
  })

  it('says of damage what sql.js says, and never what stands in the file', { skip }, async () => {
    const bytes = await file()
    bytes.fill(0x41, 100, 4096)
    for (const db of await both(bytes)) {
      assert.throws(() => db.all('select * from secret_name'), {
        code: 'session.corrupt',
        message: /^(?!.*secret_name)/,
      })
      db.close()
    }
  })

  it('works on a copy of its own', { skip }, async () => {
    const bytes = await file()
    const db = await NativeDatabase.open(bytes)
    bytes.fill(0)
    assert.equal(db?.get('select username from entities where id = 1')?.['username'], 'ada')
    db.close()
  })
})
