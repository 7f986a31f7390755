import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { Transport } from '../../../src/fake-dc/transport/transport.ts'

const uint32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

/** The client's side of a transport, written down a second time. */
interface Wire {
  hello: Buffer
  /** The n-th packet as it goes over the wire, in either direction. */
  frame: (packet: Buffer, n: number) => Buffer
}

const abridged = (packet: Buffer): Buffer => {
  const words = packet.length / 4
  return Buffer.concat([words < 127 ? Buffer.of(words) : Buffer.of(127, words & 255, words >> 8, 0), packet])
}
const intermediate = (packet: Buffer): Buffer => Buffer.concat([uint32(packet.length), packet])
const full = (packet: Buffer, n: number): Buffer => {
  const head = Buffer.concat([uint32(packet.length + 12), uint32(n), packet])
  return Buffer.concat([head, uint32(crc32(head))])
}

const WIRES: Record<string, Wire> = {
  abridged: { hello: Buffer.of(0xef), frame: abridged },
  intermediate: { hello: Buffer.alloc(4, 0xee), frame: intermediate },
  full: { hello: Buffer.alloc(0), frame: full },
}

/** Cuts a stream into pieces at the given places. */
function cut(stream: Buffer, places: number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (stream.length + 1)), stream.length].toSorted(
    (a, b) => a - b,
  )
  return sorted.slice(1).map((end, i) => stream.subarray(sorted[i], end))
}

const packets = fc.array(
  fc.integer({ min: 2, max: 200 }).map((words) => randomBytes(words * 4)),
  { minLength: 1, maxLength: 5 },
)
const places = fc.array(fc.nat(5000), { maxLength: 20 })

describe('a transport', () => {
  for (const [name, { hello, frame }] of Object.entries(WIRES))
    it(`reads and writes ${name}, however the stream is cut`, () => {
      fc.assert(
        fc.property(packets, places, (sent, cuts) => {
          const transport = new Transport(randomBytes)
          const stream = Buffer.concat([hello, ...sent.map(frame)])
          const received = cut(stream, cuts).flatMap((chunk) => transport.receive(chunk))
          assert.deepEqual(received, sent)
          for (const [n, packet] of sent.entries())
            assert.deepEqual(transport.frame(packet), frame(packet, n))
        }),
      )
    })

  for (const [tag, inner] of [
    [0xef, abridged],
    [0xee, intermediate],
    [0xdd, intermediate],
  ] as const)
    it(`reads and writes obfuscated ${tag.toString(16)}, however the stream is cut`, () => {
      fc.assert(
        fc.property(packets, places, (sent, cuts) => {
          const transport = new Transport(randomBytes)
          const header = randomBytes(64)
          header[0] = 1
          header[4] = 1
          header.fill(tag, 56, 60)
          const cipher = createCipheriv('aes-256-ctr', header.subarray(8, 40), header.subarray(40, 56))
          const back = header.subarray(8, 56).toReversed()
          const decipher = createDecipheriv('aes-256-ctr', back.subarray(0, 32), back.subarray(32))
          const start = Buffer.concat([header.subarray(0, 56), cipher.update(header).subarray(56)])
          const stream = Buffer.concat([start, ...sent.map((packet) => cipher.update(inner(packet)))])
          assert.deepEqual(
            cut(stream, cuts).flatMap((chunk) => transport.receive(chunk)),
            sent,
          )
          for (const packet of sent) {
            const framed = decipher.update(transport.frame(packet)!)
            if (tag !== 0xdd) assert.deepEqual(framed, inner(packet))
            else assert.deepEqual(framed.subarray(4, 4 + packet.length), packet)
          }
        }),
        { numRuns: 30 },
      )
    })

  it('pads padded intermediate by up to 15 bytes', () => {
    const transport = new Transport(randomBytes)
    transport.receive(Buffer.alloc(4, 0xdd))
    const packet = randomBytes(40)
    const lengths = Array.from({ length: 200 }, () => transport.frame(packet)!.length - 44)
    assert.ok(Math.min(...lengths) >= 0 && Math.max(...lengths) <= 15)
    assert.ok(new Set(lengths).size > 5)
  })

  it('ignores the wish for a quick ack', () => {
    const transport = new Transport(randomBytes)
    const packet = randomBytes(16)
    const framed = intermediate(packet)
    framed[3]! |= 0x80
    assert.deepEqual(transport.receive(Buffer.concat([Buffer.alloc(4, 0xee), framed])), [packet])
  })

  it('says nothing before it knows how', () => {
    assert.equal(new Transport(randomBytes).frame(Buffer.alloc(4)), null)
  })

  const head = Buffer.concat([uint32(20), uint32(0)])
  for (const [what, stream] of Object.entries({
    'a wrong CRC': Buffer.concat([head, Buffer.alloc(12)]),
    'a wrong number': Buffer.concat([full(Buffer.alloc(8), 0), full(Buffer.alloc(8), 2)]),
    'a huge packet': Buffer.concat([Buffer.alloc(4, 0xee), uint32(0x7f000000)]),
    'a tiny length': Buffer.concat([uint32(3), uint32(0)]),
    HTTP: Buffer.from('GET / HTTP/1.1\r\n'),
    'an unknown tag in the disguise': Buffer.concat([Buffer.alloc(63, 3), Buffer.of(3)]),
  }))
    it(`refuses ${what}`, () => {
      assert.throws(() => new Transport(randomBytes).receive(stream), { name: 'ProtocolError' })
    })
})
