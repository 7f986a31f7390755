import { API_ANSWERS } from './api-answers.ts'
import { API_LAYERS } from './api-layers.ts'
import { API_METHODS } from './api-methods.ts'
import { TlCodec } from './codec.ts'
import { MTPROTO_SCHEMA } from './mtproto-schema.ts'
import { parseSchema } from './schema.ts'

/** The one codec: it reads every form, and writes the newest one that is not newer than the layer asked for. */
export const CODEC = new TlCodec(parseSchema(MTPROTO_SCHEMA + API_METHODS + API_ANSWERS + API_LAYERS))

/** For messages that are the same in every layer. */
export const ANY_LAYER = 0
