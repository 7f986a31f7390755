/** `done` and `total` are bytes; `total` is undefined while the other side has not said. */
export type OnProgress = (done: number, total: number | undefined) => void

/** What every transfer of bytes takes. */
export interface TransferOptions {
  signal?: AbortSignal | undefined
  onProgress?: OnProgress | undefined
}

export interface ReadOptions extends TransferOptions {
  /** Stop reading once the source proves larger than this many bytes. */
  maxBytes?: number | undefined
}
