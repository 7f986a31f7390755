import { styleText } from 'node:util'
import { show } from '../../base/show.ts'

/** `styleText` leaves out colours where no terminal reads, or NO_COLOR is set. */
type Style = Parameters<typeof styleText>[0]

const LEAST_COLUMNS = 40

/** Of the terminal that reads the answer; without end where a program does. */
function columns(): number {
  return process.stdout.isTTY ? Math.max(LEAST_COLUMNS, process.stdout.columns || 80) : Infinity
}

/** Whether a person reads the answer. */
export function isForPerson(): boolean {
  return process.stdout.isTTY
}

/** A text in lines of at most `width`, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** `head`, and beside it the texts, each from a line of its own, as far as the terminal goes. */
export function printBeside(head: string, style: Style, texts: string[]): void {
  const lead = show(head)
  const lines = texts.flatMap((text) => wrap(show(text), columns() - lead.length))
  const indent = ' '.repeat(lead.length)
  for (const [index, line] of lines.entries())
    process.stdout.write(`${index === 0 ? styleText(style, lead) : indent}${line}\n`)
}

/** Rows of `name   value`, aligned. */
export function printTable(rows: Record<string, string>): void {
  const width = Math.max(...Object.keys(rows).map((name) => name.length))
  for (const [name, value] of Object.entries(rows)) printBeside(`${name.padEnd(width)}  `, 'dim', [value])
}

/** Rows of cells below their headings, each column as wide as its widest cell. What is left of the last one goes below. */
export function printRows([headings = [], ...rows]: string[][]): void {
  const shown = [headings, ...rows].map((row) => row.map(show))
  const widths = headings.map((_, column) => Math.max(...shown.map((row) => row[column]?.length ?? 0)))
  const lead = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const fits = lead + (widths.at(-1) ?? 0) <= columns()
  for (const [index, row] of shown.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    const last = fits ? undefined : row.at(-1)
    const line = (fits ? cells : cells.slice(0, -1)).join('  ').trimEnd()
    process.stdout.write(`${index === 0 ? styleText('dim', line) : line}\n`)
    if (last) for (const more of wrap(last, columns() - 4)) process.stdout.write(`    ${more}\n`)
  }
}
