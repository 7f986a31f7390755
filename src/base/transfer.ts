/** Told how far a transfer is. `done` and `total` are bytes; `total` is undefined while the other side has not said. */
export type OnProgress = (done: number, total: number | undefined) => void

/** What every transfer of bytes takes. */
export interface TransferOptions {
  /** Gives up when it fires. */
  signal?: AbortSignal | undefined
  /** Called as bytes go over the wire. */
  onProgress?: OnProgress | undefined
}

export interface ReadOptions extends TransferOptions {
  /** Stop reading once the source proves larger than this many bytes. */
  maxBytes?: number | undefined
}
