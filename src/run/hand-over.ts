import { convertToString } from '../session/convert.ts'
import { placeFile } from '../session/place-file.ts'
import type { RunOptions } from './run-options.ts'

/** Puts the session where the command finds it: into `file`, or into a variable. Returns the variables that tell it. */
export async function handOver(
  bytes: Uint8Array,
  file: string,
  { asString, api }: RunOptions,
): Promise<Record<string, string>> {
  if (asString)
    return { [asString.variable]: await convertToString(bytes, asString.format, { apiId: api?.apiId }) }
  await placeFile(file, bytes)
  return { TGSESSION_FILE: file }
}
