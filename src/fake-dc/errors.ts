/** What the fake data centre itself refuses: an unknown account, a bad option. Clients never see it. */
export class FakeDcError extends Error {
  /** `FakeDcError`. */
  override name = 'FakeDcError'
  /** `fake-dc.…`. */
  readonly code: string

  /** @internal */
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
  /** `RpcError`. */
  override name = 'RpcError'
  /** As in HTTP: 400, 401, 420. */
  readonly code: number

  /** @internal */
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
