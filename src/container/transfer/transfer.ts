import type { TransferOptions } from '../container-options.ts'
import type { SessionSource } from './read-source.ts'

type Sources =
  | Iterable<readonly [id: string, source: SessionSource]>
  | AsyncIterable<readonly [id: string, source: SessionSource]>

/** One after another by `put`. A failure is reported and does not end it. Returns the ids that went in. */
export async function importAll(
  sources: Sources,
  put: (source: SessionSource, id: string) => Promise<void>,
  { signal, onProgress }: TransferOptions,
): Promise<string[]> {
  const imported: string[] = []
  let done = 0
  for await (const [id, source] of sources) {
    signal?.throwIfAborted()
    const error = await failureOf(() => put(source, id))
    signal?.throwIfAborted()
    if (error === undefined) imported.push(id)
    onProgress?.({ id, done: ++done, error })
  }
  return imported
}

/** One after another by `take`; a failure is reported. */
export async function* exportAll(
  ids: readonly string[],
  take: (id: string) => Promise<Uint8Array>,
  { signal, onProgress }: TransferOptions,
): AsyncGenerator<[id: string, bytes: Uint8Array]> {
  let done = 0
  for (const id of ids) {
    signal?.throwIfAborted()
    let bytes: Uint8Array | undefined
    const error = await failureOf(async () => {
      bytes = await take(id)
    })
    signal?.throwIfAborted()
    if (bytes !== undefined) yield [id, bytes]
    onProgress?.({ id, done: ++done, error })
  }
}

async function failureOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
