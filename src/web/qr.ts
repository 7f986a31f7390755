import { encode } from 'uqr'

/** A QR code as the `d` of an SVG path over `size` × `size` modules; the page puts it into an element of its own. */
export interface QrPath {
  size: number
  path: string
}

/** ISO/IEC 18004 wants four modules of margin. */
const BORDER = 4

export function qrPath(text: string): QrPath {
  const { size, data } = encode(text, { border: BORDER })
  const rows = data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join(''))
  return { size, path: rows.join('') }
}
