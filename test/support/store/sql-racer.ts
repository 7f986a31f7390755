/**
 * A process that counts in a shared object: `node sql-racer.ts URL KEY ID TIMES BALLAST`. It prints a line for every
 * count that it knows to be stored. The object: how often each ID has counted, and some bytes of ballast.
 */
import { ConflictError } from '../../../src/base/errors.ts'
import { openSqlStore } from '../../../src/store/sql/open.ts'

const [url = '', key = '', id = '', times = '0', ballast = '0'] = process.argv.slice(2)
const store = openSqlStore(url, '.')
for (let done = 0; done < Number(times);) {
  const seen = await store.get(key)
  if (seen === null) throw new Error('the object has gone')
  const { counts } = JSON.parse(new TextDecoder().decode(seen.bytes))
  const next = { counts: { ...counts, [id]: (counts[id] ?? 0) + 1 }, ballast: 'x'.repeat(Number(ballast)) }
  try {
    await store.put(key, new TextEncoder().encode(JSON.stringify(next)), seen.version)
    done += 1
    process.stdout.write(`${done}\n`)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
  }
}
await store.close()
