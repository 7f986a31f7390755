import type { Socket } from 'node:net'

/** A connection of either client library, as far as we look inside. */
export interface RawConnection {
  readonly socket: unknown
  connect(): Promise<void>
}

/** The socket under a connection; undefined before the first `connect()`, and always for a WebSocket. */
export function rawSocket(connection: { readonly socket: unknown }): Socket | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- GramJS and teleproto both call it `client`
  const { client } = connection.socket as { client?: Socket | { destroy?: unknown } }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return client && typeof client.destroy === 'function' ? (client as Socket) : undefined
}

/** Closes a socket and waits until it is closed; one that never opened counts as closed. */
export async function hangUp(socket: Socket | undefined): Promise<void> {
  if (!socket || socket.closed) return
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  socket.destroy()
  await closed
}

/** For a loop that has no off switch: waiting on this keeps neither a socket nor a timer nor the process. */
export function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}
