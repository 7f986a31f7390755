import jsQr from 'jsqr'

/** Pixels a module is wide. */
const SCALE = 4
/** What each half-block character shows above and below: true is dark. */
const HALVES: Record<string, [boolean, boolean]> = {
  ' ': [false, false],
  '▀': [true, false],
  '▄': [false, true],
  '█': [true, true],
}

/** What the QR code on a terminal's screen says, as a phone's camera would read it; null if there is none. */
export function scan(screen: string): string | null {
  const rows = screen.split(/\r?\n/).filter((row) => row.length > 20 && /^[ ▀▄█]+$/.test(row))
  const width = rows[0]?.length ?? 0
  const modules = rows.flatMap((row) => {
    const halves = Array.from(row, (each) => HALVES[each] ?? [false, false])
    return [halves.map(([upper]) => upper), halves.map(([, lower]) => lower)]
  })
  if (modules.length < width) return null
  const [columns, lines] = [width * SCALE, modules.length * SCALE]
  const pixels = new Uint8ClampedArray(columns * lines * 4).fill(255)
  for (let y = 0; y < lines; y++)
    for (let x = 0; x < columns; x++)
      if (modules[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)])
        pixels.fill(0, (y * columns + x) * 4, (y * columns + x) * 4 + 3)
  return jsQr.default(pixels, columns, lines)?.data ?? null
}
