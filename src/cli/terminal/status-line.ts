const CLEAR = '\r\u001b[2K'

/** The terminals that show a status line. */
const drawn = new Set<NodeJS.WriteStream>()

/** Draws the line that changes anew. */
export function drawLine(text: string, stream: NodeJS.WriteStream): void {
  stream.write(`${CLEAR}${text}`)
  drawn.add(stream)
}

/** Writes whole lines in place of the status line, if there is one. */
export function writeAbove(text: string, stream: NodeJS.WriteStream = process.stderr): void {
  stream.write(`${drawn.delete(stream) ? CLEAR : ''}${text}`)
}
