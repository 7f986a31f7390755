import { API_ANSWERS } from './api-answers.ts'
import { API_METHODS } from './api-methods.ts'
import { TlCodec } from './codec.ts'
import { MTPROTO_SCHEMA } from './mtproto-schema.ts'
import { parseSchema } from './schema.ts'

/**
 * The one codec. It reads the forms of layers 144 (Debian's Telethon 1.25), 198 (npm `telegram` 2.26) and 229
 * (npm `teleproto` 1.229), and writes the newest form that is not newer than the layer asked for.
 */
export const CODEC = new TlCodec(parseSchema(MTPROTO_SCHEMA + API_METHODS + API_ANSWERS))

/** For messages that are the same in every layer. */
export const ANY_LAYER = 0
