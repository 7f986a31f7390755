const CLEAR = '\r\u001b[2K'

/** The terminals at whose end a line stands that changes. */
const drawn = new Set<NodeJS.WriteStream>()

/** Draws the line that changes anew. */
export function drawLine(text: string, stream: NodeJS.WriteStream): void {
  stream.write(`${CLEAR}${text}`)
  drawn.add(stream)
}

/** Writes whole lines in the place of the line that changes, if one stands there. */
export function writeAbove(text: string, stream: NodeJS.WriteStream = process.stderr): void {
  stream.write(`${drawn.delete(stream) ? CLEAR : ''}${text}`)
}
