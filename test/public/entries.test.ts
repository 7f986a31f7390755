import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, it } from 'node:test'
import { importIn } from '../support/packages-loaded.ts'

const source = path.join(import.meta.dirname, '../../src')
const load = (...entries: string[]): ReturnType<typeof importIn> =>
  importIn(source, ...entries.map((entry) => `./${entry}.ts`))
const CLIENTS = ['telegram', 'teleproto']

describe('the entries', () => {
  it('that are not of a client library load none', () => {
    const { packages } = load('index', 'container', 'testing')
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
