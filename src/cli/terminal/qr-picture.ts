import type { Writable } from 'node:stream'
import { renderUnicodeCompact } from 'uqr'

/** Dark on light whatever the terminal's theme is: not every scanner reads a negative. */
const [DARK_ON_LIGHT, PLAIN] = ['\u001b[30;107m', '\u001b[0m']
/** ISO/IEC 18004 wants four modules of margin; two are enough for phones, and fit 80 × 24. */
const BORDER = 2

/** A QR code of half-block characters, 39 columns by 20 lines for a login; the next one takes its place. */
export class QrPicture {
  readonly #output: Writable
  #lines = 0

  constructor(output: Writable) {
    this.#output = output
  }

  show(text: string): void {
    this.remove()
    // uqr draws light modules.
    const rows = renderUnicodeCompact(text, { border: BORDER, invert: true }).split('\n')
    const picture = rows.map((row) => `${DARK_ON_LIGHT}${row}${PLAIN}\n`)
    this.#output.write(picture.join(''))
    this.#lines = picture.length
  }

  /** So that it is not scanned when it is over, and does not stay on the screen. */
  remove(): void {
    if (this.#lines > 0) this.#output.write(`\u001b[${this.#lines}A\u001b[J`)
    this.#lines = 0
  }
}
