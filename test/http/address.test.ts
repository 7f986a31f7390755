import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLoopback, origin, parseListenAddress } from '../../src/http/address.ts'

describe('listen addresses', () => {
  it('are a port, or a host and a port', () => {
    const good: Record<string, { host: string; port: number }> = {
      '8080': { host: '127.0.0.1', port: 8080 },
      ' 0 ': { host: '127.0.0.1', port: 0 },
      '0.0.0.0:80': { host: '0.0.0.0', port: 80 },
      '[::1]:65535': { host: '::1', port: 65_535 },
      'box.internal:9': { host: 'box.internal', port: 9 },
    }
    for (const [text, address] of Object.entries(good))
      assert.deepEqual(parseListenAddress(text, '127.0.0.1'), address)
    for (const text of ['', 'x', ':80', '1.2.3.4', '65536', '::1:80', 'a b:80', '80:x', 'http://h:80', '-1'])
      assert.equal(parseListenAddress(text, '127.0.0.1'), null, text)
  })

  it('are loopback, or not', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1']) assert.ok(isLoopback(host), host)
    for (const host of ['0.0.0.0', '::', '128.0.0.1', 'localhost.evil.test', ''])
      assert.ok(!isLoopback(host), host)
    assert.equal(origin({ host: '::1', port: 1 }), 'http://[::1]:1')
  })
})
