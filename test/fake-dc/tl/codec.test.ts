import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { TlCodec } from '../../../src/fake-dc/tl/codec.ts'
import { TlReader } from '../../../src/fake-dc/tl/reader.ts'
import { parseSchema } from '../../../src/fake-dc/tl/schema.ts'
import { CODEC } from '../../../src/fake-dc/tl/schemas.ts'
import { TlWriter } from '../../../src/fake-dc/tl/writer.ts'

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

const TOY = new TlCodec(
  parseSchema(`
@0
toy.leaf#00000001 = Toy
toy.all#000000a0 flags:# a:int b:flags.0?long c:flags.31?true d:string e:bytes f:Bool g:double h:int128 i:flags.4?Bool list:Vector<long> toys:Vector<Toy> bare:vector<%toy.pair> = Toy
toy.pair#000000a1 x:int y:int = Pair
toy.open#000000a2 a:int ... = Toy
@10
toy.all#000000b0 a:int = Toy
toy.new#000000b1 = Toy
@20
toy.all#000000c0 as before
`),
)

describe('the TL codec', () => {
  it('reads back what it wrote', () => {
    const pair = fc.record({ _: fc.constant('toy.pair'), x: int, y: int })
    const toy = fc.record(
      {
        _: fc.constant('toy.all'),
        a: int,
        b: long,
        c: fc.constant(true),
        d: fc.string({ maxLength: 300, unit: 'grapheme' }),
        e: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
        f: fc.boolean(),
        g: fc.double({ noNaN: true }),
        h: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
        i: fc.boolean(),
        list: fc.array(long),
        toys: fc.array(fc.record({ _: fc.constant('toy.leaf') })),
        bare: fc.array(pair),
      },
      { requiredKeys: ['_', 'a', 'd', 'e', 'f', 'g', 'h', 'list', 'toys', 'bare'] },
    )
    fc.assert(
      fc.property(toy, (value) => {
        const { flags: _flags, ...decoded } = TOY.decodeWhole(TOY.encode(value, 0))
        const plain = JSON.stringify(value, replacer)
        assert.deepEqual(JSON.parse(JSON.stringify(decoded, replacer)), JSON.parse(plain))
      }),
    )
  })

  it('keeps strings of every length on a boundary of four', () => {
    for (const length of [0, 1, 3, 4, 253, 254, 255, 256, 65_536]) {
      const written = new TlWriter().bytes(Buffer.alloc(length, 1)).finish()
      assert.equal(written.length % 4, 0)
      const reader = new TlReader(written)
      assert.equal(reader.bytes().length, length)
      assert.equal(reader.left, 0)
    }
  })

  it('writes the newest form that is not newer than the layer', () => {
    const value = {
      _: 'toy.all',
      a: 1,
      d: '',
      e: Buffer.alloc(0),
      f: true,
      g: 0,
      h: Buffer.alloc(16),
      list: [],
      toys: [],
      bare: [],
    }
    for (const [layer, id] of [
      [0, 0xa0],
      [9, 0xa0],
      [10, 0xb0],
      [19, 0xb0],
      [99, 0xc0],
    ] as const)
      assert.equal(TOY.encode(value, layer).readUInt32LE(), id)
    const [older, newer] = [TOY.encode(value, 10), TOY.encode(value, 20)]
    assert.deepEqual(newer.subarray(4), older.subarray(4))
    // A constructor that is younger than the layer goes out in its oldest form.
    assert.equal(TOY.encode({ _: 'toy.new' }, 0).readUInt32LE(), 0xb1)
  })

  it('skips the end of open constructors only', () => {
    const open = TOY.encode({ _: 'toy.open', a: 1 }, 0)
    assert.equal(TOY.decodeWhole(Buffer.concat([open, Buffer.alloc(8)]))['a'], 1)
    const leaf = TOY.encode({ _: 'toy.leaf' }, 0)
    assert.throws(() => TOY.decodeWhole(Buffer.concat([leaf, Buffer.alloc(4)])), { name: 'ProtocolError' })
  })

  it('never throws anything but a ProtocolError, whatever comes', () => {
    const known = fc.constantFrom(...Object.keys(HEADS))
    fc.assert(
      fc.property(fc.option(known), fc.uint8Array({ maxLength: 400 }), (name, bytes) => {
        const head = name === null ? Buffer.alloc(0) : HEADS[name]!
        try {
          CODEC.decodeWhole(Buffer.concat([head, bytes]))
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'ProtocolError')
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('does not follow nesting without end', () => {
    // jsonArray in jsonArray in jsonArray …
    const bomb = Buffer.from(`634744f7${'15c4b51c01000000634744f7'.repeat(10_000)}`, 'hex')
    assert.throws(() => CODEC.decodeWhole(bomb), { name: 'ProtocolError', message: /nested/ })
  })
})

const HEADS: Record<string, Buffer> = {
  'account.getPassword': Buffer.from('f5308a54', 'hex'),
  'auth.sendCode': Buffer.from('4f2477a6', 'hex'),
  initConnection: Buffer.from('a95ecdc1', 'hex'),
  'users.getUsers': Buffer.from('48a5910d', 'hex'),
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' && Object.is(value, -0)) return '-0'
  return value
}
