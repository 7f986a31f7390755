import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { barOf, withProgress } from '../../src/cli/terminal/progress.ts'

function streamOf(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const parts: string[] = []
  const sink = new Writable({
    write: (part: Buffer, _encoding, done) => {
      parts.push(part.toString())
      done()
    },
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a terminal, as far as it is asked
  const stream = Object.assign(sink, { isTTY }) as unknown as NodeJS.WriteStream
  return { stream, text: () => parts.join('') }
}

describe('the progress of a transfer', () => {
  it('is drawn by what is known', () => {
    assert.equal(barOf(50, 100, 0), `[${'#'.repeat(12)}${'.'.repeat(12)}] 50 B of 100 B`)
    assert.equal(barOf(300, 100, 0), `[${'#'.repeat(24)}] 300 B of 100 B`)
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((tick) => barOf(10, undefined, tick)),
      ['|', '/', '-', '\\', '|'],
    )
  })

  it('shows after a second on a terminal, and takes its line away', async () => {
    const { stream, text } = streamOf(true)
    const result = await withProgress(
      'Fetching',
      async (onProgress) => {
        onProgress(1, 4)
        await sleep(1400)
        return 7
      },
      stream,
    )
    assert.equal(result, 7)
    assert.match(text(), /Fetching \[######\.+\] 1 B of 4 B/)
    assert.ok(text().endsWith('\r\u001b[2K'))
  })

  it('shows nothing for what is quick, or where there is no terminal', async () => {
    for (const [isTTY, ms] of [
      [true, 50],
      [false, 1200],
    ] as const) {
      const { stream, text } = streamOf(isTTY)
      await withProgress('Fetching', () => sleep(ms), stream)
      assert.equal(text(), '')
    }
  })

  it('takes its line away before a failure is told', async () => {
    const { stream, text } = streamOf(true)
    const failure = new Error('no')
    const work = withProgress('Fetching', () => sleep(1300).then(() => Promise.reject(failure)), stream)
    await assert.rejects(work, (error) => error === failure)
    assert.ok(text().endsWith('\r\u001b[2K'))
  })
})
