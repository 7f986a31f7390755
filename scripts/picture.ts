// Draws docs/images/demo.svg from a real `npm run demo`, so that the README's picture stays true: `npm run picture`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const target = path.join(root, 'docs', 'images', 'demo.svg')
const COLUMNS = 108
const [WIDTH, HEIGHT, MARGIN] = [7.85, 18, 16]
const COLOURS: Record<string, string> = {
  1: 'font-weight="bold"',
  2: 'fill="#8b949e"',
  32: 'fill="#3fb950"',
  31: 'fill="#f85149"',
}
const ESCAPE = String.fromCodePoint(0x1b)
const COLOUR = new RegExp(`(${ESCAPE}\\[\\d+m)`)

const run = spawnSync(process.execPath, [path.join(root, 'dist', 'scripts', 'demo.js')], {
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1' },
})
if (run.status !== 0) throw new Error(`the demo failed (${run.status}): ${run.stderr}`)
const lines = ['$ npm ci && npm run demo', ...run.stdout.trimEnd().split('\n')]

mkdirSync(path.dirname(target), { recursive: true })
writeFileSync(target, svg(lines))
console.log(`${path.relative(root, target)}: ${lines.length} lines`)

function svg(rows: string[]): string {
  const width = Math.round(COLUMNS * WIDTH + 2 * MARGIN)
  const height = rows.length * HEIGHT + 2 * MARGIN
  const text = rows.map(
    (row, index) => `<text x="${MARGIN}" y="${MARGIN + 13 + index * HEIGHT}">${spans(row)}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A run of the demo">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="#e6edf3" style="white-space:pre">`,
    ...text,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** ANSI colours as SVG; what is longer than the picture is cut. */
function spans(row: string): string {
  let style = ''
  let left = COLUMNS
  return row
    .split(COLOUR)
    .map((part) => {
      const code = part.startsWith(ESCAPE) ? part.slice(2, -1) : undefined
      if (code !== undefined) {
        const found = COLOURS[code]
        style = found === undefined ? '' : `${style} ${found}`
        return ''
      }
      const shown = part.length > left ? `${part.slice(0, Math.max(left - 1, 0))}…` : part
      left = Math.max(left - part.length, 0)
      return shown === '' ? '' : `<tspan${style}>${escaped(shown)}</tspan>`
    })
    .join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
