/* oxlint-disable no-underscore-dangle -- the name is GramJS's */
import { Api } from 'telegram'
import updates from 'telegram/client/updates.js'
import rsa from 'telegram/crypto/RSA.js'
import { UpdateConnectionState } from 'telegram/network/index.js'
import type { ClientLibrary } from './internals.ts'

export const gramJs: ClientLibrary = { Api, UpdateConnectionState, updates }

/** RSA keys that GramJS takes for Telegram's, by their signed decimal fingerprints. */
export const serverKeys = rsa._serverKeys
