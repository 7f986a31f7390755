import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { markedId, type PeerKind, unmarkId } from '../../../src/session/core/marked-id.ts'

describe('marked ids', () => {
  it('are those of Telethon', () => {
    assert.equal(markedId({ kind: 'user', id: 777n }), 777n)
    assert.equal(markedId({ kind: 'chat', id: 1001234567n }), -1001234567n)
    assert.equal(markedId({ kind: 'channel', id: 1234567890n }), -1001234567890n)
    // GramJS writes -1005 and -10012345678901 for these.
    assert.equal(markedId({ kind: 'channel', id: 5n }), -1000000000005n)
    assert.equal(markedId({ kind: 'channel', id: 12345678901n }), -1012345678901n)
  })

  it('name the kind at the border', () => {
    assert.deepEqual(unmarkId(-1000000000000n), { kind: 'chat', id: 1000000000000n })
    assert.deepEqual(unmarkId(-1000000000001n), { kind: 'channel', id: 1n })
    assert.deepEqual(unmarkId(-1001234567n), { kind: 'chat', id: 1001234567n })
  })

  it('come back, for every kind and id', () => {
    const kinds = fc.constantFrom<PeerKind>('user', 'chat', 'channel')
    fc.assert(
      fc.property(kinds, fc.bigInt(1n, 999_999_999_999n), (kind, id) =>
        assert.deepEqual(unmarkId(markedId({ kind, id })), { kind, id }),
      ),
    )
  })

  it('are never shared by two peers', () => {
    const peer = fc.record({
      kind: fc.constantFrom<PeerKind>('user', 'chat', 'channel'),
      id: fc.bigInt(1n, 999_999_999_999n),
    })
    fc.assert(
      fc.property(peer, peer, (a, b) => {
        assert.equal(markedId(a) === markedId(b), a.kind === b.kind && a.id === b.id)
      }),
    )
  })
})
