/**
 * A process that counts in a shared object: `node file-store-racer.ts ROOT KEY ID TIMES BYTES`. It prints a line for
 * every count that it knows to be stored. The object: how often each ID has counted, and some ballast.
 */
import { ConflictError } from '../../../src/base/errors.ts'
import { FileStore } from '../../../src/store/file/file-store.ts'

const [root = '', key = '', id = '', times = '0', ballast = '0'] = process.argv.slice(2)
const store = await FileStore.open(root)
for (let done = 0; done < Number(times);) {
  const seen = await store.get(key)
  if (seen === null) throw new Error('the object has gone')
  const { counts } = JSON.parse(new TextDecoder().decode(seen.bytes))
  const body = JSON.stringify({
    counts: { ...counts, [id]: (counts[id] ?? 0) + 1 },
    ballast: 'x'.repeat(Number(ballast)),
  })
  try {
    await store.put(key, new TextEncoder().encode(body), seen.version)
    done += 1
    process.stdout.write(`${done}\n`)
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
  }
}
