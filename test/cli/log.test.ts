import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { eventLog, sparingly } from '../../src/cli/terminal/log.ts'
import { drawLine } from '../../src/cli/terminal/status-line.ts'

function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = ''
  const sink = new Writable({
    write: (part: Buffer, _encoding, done) => {
      text += part.toString()
      done()
    },
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a terminal, as far as it is asked
  return { stream: Object.assign(sink, { isTTY }) as unknown as NodeJS.WriteStream, text: () => text }
}

const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '') // oxlint-disable-line no-control-regex

describe('the log', () => {
  it('is one line of logfmt per event where nobody watches', () => {
    const { stream, text } = streamOf(false)
    const log = eventLog(stream, {})
    log('lease.waiting', { holder: 'worker.1', since: '2026-11-23T17:42:52.219Z' })
    log('session.waiting', { for: 'there is "none"\nyet', hint: 'a=b' })
    log('lease.taken')
    assert.deepEqual(text().split('\n'), [
      'at=tgsession event=lease.waiting holder=worker.1 since=2026-11-23T17:42:52.219Z',
      String.raw`at=tgsession event=session.waiting for="there is \"none\"\nyet" hint="a=b"`,
      'at=tgsession event=lease.taken',
      '',
    ])
  })

  it('is words on a terminal, with what to do on a line of its own', () => {
    const { stream, text } = streamOf(true)
    const log = eventLog(stream, {})
    log('lease.taken', { generation: 3 })
    log('session.waiting', { for: 'there is none yet', hint: 'Make one.' })
    log('save.failed', { code: 'store.timeout', message: 'too slow', retryInMs: 1500 })
    log('ended')
    assert.deepEqual(plain(text()).split('\n'), [
      'tgsession lease taken: generation=3',
      'tgsession session waiting: there is none yet',
      '  → Make one.',
      'tgsession save failed: too slow, code=store.timeout retryInMs=1500',
      'tgsession ended',
      '',
    ])
  })

  it('tells the same trouble once a minute, and another at once', () => {
    let now = 0
    const told: string[] = []
    const tell = sparingly((message) => told.push(`${now} ${message}`), { now: () => now })
    for (; now <= 120_000; now += 5000) tell(new Error('silent'))
    tell(new Error('refused'))
    assert.deepEqual(told, ['0 silent', '60000 silent', '120000 silent', '125000 refused'])
  })

  it('takes the place of a bar that stands there', () => {
    const { stream, text } = streamOf(true)
    const log = eventLog(stream, {})
    drawLine('Fetching |', stream)
    log('ended')
    log('ended')
    assert.match(plain(text()), /^\r\u001b\[2KFetching \|\r\u001b\[2Ktgsession ended\ntgsession ended\n$/) // oxlint-disable-line no-control-regex
  })
})
