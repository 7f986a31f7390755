import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { importIn } from '../support/packages-loaded.ts'

const source = path.join(import.meta.dirname, '../../src')
const load = (entry: string): ReturnType<typeof importIn> => importIn(source, `./${entry}.ts`)
const CLIENTS = ['telegram', 'teleproto']

describe('the entries', () => {
  for (const entry of ['index', 'container', 'testing'])
    it(`${entry} loads no client library`, () => {
      const { packages } = load(entry)
      assert.deepEqual(
        packages.filter((name) => CLIENTS.includes(name)),
        [],
      )
    })

  it('of the client libraries load their own only, and export the same names', () => {
    const [gramjs, teleproto] = [load('gramjs'), load('teleproto')]
    assert.ok(gramjs.packages.includes('telegram') && !gramjs.packages.includes('teleproto'))
    assert.ok(teleproto.packages.includes('teleproto') && !teleproto.packages.includes('telegram'))
    assert.ok(gramjs.names.includes('openSession'))
    assert.deepEqual(gramjs.names, teleproto.names)
  })
})
