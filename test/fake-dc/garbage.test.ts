import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import { Events } from '../support/dc/events.ts'
import { makeKey } from '../support/dc/key-maker.ts'
import { RawClient } from '../support/dc/raw-client.ts'

describe('whatever a client sends', () => {
  it('the server stands, and keeps no connection that is gone', async (t) => {
    const events = new Events()
    const dc = await FakeDc.start({ onEvent: events.listen })
    t.after(() => dc.close())
    const hello = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.of(0xef),
      Buffer.alloc(4, 0xee),
      Buffer.alloc(4, 0xdd),
      Buffer.from([0xee, 0xee, 0xee, 0xee, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    )
    await fc.assert(
      fc.asyncProperty(hello, fc.uint8Array({ maxLength: 600 }), async (start, bytes) => {
        const socket = connect(dc.port, dc.host)
        socket.on('error', () => {})
        await once(socket, 'connect')
        // `once` of node:events would reject where the server resets the connection.
        const closed = new Promise((resolve) => socket.once('close', resolve))
        socket.resume()
        socket.end(Buffer.concat([start, bytes]))
        await closed
      }),
      { numRuns: 150 },
    )
    const client = await RawClient.connect(dc)
    assert.equal((await makeKey(client, dc.publicKeyPem)).answer?._, 'dh_gen_ok')
    const last = events.next(({ type }) => type === 'disconnect')
    client.close()
    await last
    const count = (type: string): number => events.all.filter((event) => event.type === type).length
    assert.equal(count('connect'), count('disconnect'))
    assert.equal(dc.stats().keys.length, 1)
  })

  it('garbage in a good envelope is an error or a closed connection', async (t) => {
    const dc = await FakeDc.start()
    t.after(() => dc.close())
    const maker = await RawClient.connect(dc)
    const { key } = await makeKey(maker, dc.publicKeyPem)
    maker.close()
    const bodies = fc
      .uint8Array({ minLength: 1, maxLength: 50 })
      .map((words) => Buffer.alloc(words.length * 4, words))
    const heads = fc.constantFrom(
      '',
      'dcf8f173',
      'a1cf7230',
      '59b4d662',
      '0d0d9bda',
      'a95ecdc1',
      '8c7b42f3',
      '6d2b3bf5',
    )
    await fc.assert(
      fc.asyncProperty(heads, bodies, async (head, body) => {
        const client = await RawClient.connect(dc, key)
        await client.learnSalt()
        client.send({ body: Buffer.concat([Buffer.from(head, 'hex'), body]) })
        client.send({ body: Buffer.from('ec77be7a0000000000000000', 'hex') })
        await client.expect('pong').catch((error: unknown) => assert.match(String(error), /was closed/))
        client.close()
      }),
      { numRuns: 100 },
    )
  })
})
