/** How packets are separated in a TCP stream (core.telegram.org/mtproto/mtproto-transports). */
export interface Framing {
  /** The first packet of `buffer` and how many bytes it took; null when it is not whole yet. @throws ProtocolError */
  parse(buffer: Buffer): { packet: Buffer; used: number } | null
  frame(packet: Buffer): Buffer
}

/** Telegram's own limit is about a megabyte; more is an attack on our memory. */
export const MAX_PACKET = 1 << 20
