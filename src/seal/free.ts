/**
 * Gives the memory of a whole session back at once: nobody may use these bytes any more, and they are empty afterwards.
 * The garbage collector sees but a small object there, and leaves it for minutes. Bytes that may share their memory with
 * others, as a database's driver hands them out, are left to it.
 */
export function release({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
}
