/** What the fake data centre itself refuses: an unknown account, a bad option. Clients never see it. */
export class FakeDcError extends Error {
  override name = 'FakeDcError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = `fake-dc.${code}`
  }
}

/** Bytes that no well-behaved client sends: the connection is closed. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

/** An answer of the Telegram API that is an error, as rpc_error carries it. */
export class RpcError extends Error {
  override name = 'RpcError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
