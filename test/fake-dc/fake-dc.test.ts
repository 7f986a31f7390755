import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { FakeDc } from '../../src/fake-dc/fake-dc.ts'

const start = (accounts: { phone: string; code: string; userId?: bigint }[]) => FakeDc.start({ accounts })

describe('a fake data centre', () => {
  it('listens on loopback, at a free port, as DC 2', async (t) => {
    const dc = await FakeDc.start()
    t.after(() => dc.close())
    assert.deepEqual([dc.host, dc.dcId], ['127.0.0.1', 2])
    assert.ok(dc.port > 0)
    assert.deepEqual(dc.stats(), { logins: 0, connections: 0, duplicates: 0, keys: [] })
  })

  it('takes host, port and id', async (t) => {
    const first = await FakeDc.start({ dcId: 4 })
    const { port } = first
    await assert.rejects(FakeDc.start({ port }), { code: 'EADDRINUSE' })
    await first[Symbol.asyncDispose]()
    const second = await FakeDc.start({ port, dcId: 5 })
    t.after(() => second.close())
    assert.deepEqual([second.port, second.dcId], [port, 5])
  })

  it('closes with open connections, and frees its port', async () => {
    const dc = await FakeDc.start()
    const socket = connect(dc.port, dc.host)
    await once(socket, 'connect')
    const closed = once(socket.resume(), 'close')
    await dc.close()
    await closed
    const again = connect(dc.port, dc.host)
    await assert.rejects(once(again, 'connect'), { code: 'ECONNREFUSED' })
  })

  it('refuses accounts that cannot be told apart', async () => {
    const account = { phone: '+1 555 0001', code: '1' }
    await assert.rejects(start([account, { phone: '15550001', code: '2' }]), { code: 'fake-dc.bad-account' })
    await assert.rejects(
      start([
        { ...account, userId: 1n },
        { phone: '2', code: '2', userId: 1n },
      ]),
      {
        code: 'fake-dc.bad-account',
      },
    )
  })

  it('keeps Saved Messages also while nobody is connected', async (t) => {
    const dc = await FakeDc.start({
      accounts: [{ phone: '1', code: '1', userId: 9n }],
      now: () => 5_000,
    })
    t.after(() => dc.close())
    assert.equal(dc.sendMessage(9n, 'one'), 1)
    assert.equal(dc.sendMessage(9n, 'two'), 2)
    assert.deepEqual(dc.messages(9n), [
      { id: 1, text: 'one', date: 5 },
      { id: 2, text: 'two', date: 5 },
    ])
    assert.throws(() => dc.messages(10n), { code: 'fake-dc.unknown-account' })
  })

  it('refuses what it does not know', async (t) => {
    const dc = await FakeDc.start({ accounts: [{ phone: '1', code: '1', userId: 9n }] })
    t.after(() => dc.close())
    assert.throws(() => dc.revoke('00'), { code: 'fake-dc.unknown-key' })
    assert.throws(() => dc.fail('no.such', { code: 400, message: 'X' }), { code: 'fake-dc.unknown-method' })
    assert.throws(() => dc.acceptLoginToken(Buffer.alloc(32), 9n), { message: 'AUTH_TOKEN_INVALID' })
  })
})
