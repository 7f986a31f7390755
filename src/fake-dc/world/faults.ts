import { FakeDcError, RpcError } from '../errors.ts'
import { CODEC } from '../tl/schemas.ts'

/** RPC errors on demand, for rehearsing what Telegram does on a bad day. */
export class Faults {
  readonly #byMethod = new Map<string, { error: RpcError; left: number }>()

  /** @throws FakeDcError when this server knows no such method */
  set(method: string, error: { code: number; message: string }, times: number): void {
    if (!CODEC.knows(method)) throw new FakeDcError('unknown-method', `this server knows no method ${method}`)
    this.#byMethod.set(method, { error: new RpcError(error.code, error.message), left: times })
  }

  /** @throws RpcError when the method is to fail this time */
  check(method: string): void {
    const fault = this.#byMethod.get(method)
    if (!fault || fault.left <= 0) return
    fault.left--
    throw fault.error
  }
}
