import { ConfigurationError, TgsessionError } from '../../base/errors.ts'
import type { Cipher } from '../../seal/cipher.ts'
import type { ObjectStore } from '../../store/store.ts'

export interface LoginTokenOptions {
  store: ObjectStore
  name: string
  cipher: Cipher
}

const MOST_BYTES = 4096

/**
 * What Telegram gives a login so that the next one needs no code, only the password. It lies beside the session, encrypted
 * to the same key, and in no session file: whoever gets one of those must not get this.
 */
export class LoginToken {
  readonly #options: LoginTokenOptions
  readonly #key: string

  constructor(options: LoginTokenOptions) {
    this.#options = options
    this.#key = `${options.name}/login-token.age`
  }

  /** @throws ConfigurationError login.token_readable: nothing is encrypted here */
  requireSealed(): void {
    if (typeof this.#options.cipher.sealsFor === 'string') return
    throw new ConfigurationError('login.token_readable', 'a login token is kept encrypted, or not at all', {
      hint: 'Set TGSESSION_KEY (`tgsession keygen`), or leave out --keep-login-token.',
    })
  }

  async keep(token: Uint8Array): Promise<void> {
    this.requireSealed()
    const { store, cipher } = this.#options
    const found = await store.get(this.#key, { maxBytes: MOST_BYTES })
    await store.put(this.#key, cipher.encrypt(token), found?.version ?? 'absent')
  }

  /** Null if there is none, or none that can be opened here: then a code is sent. */
  async read(): Promise<Uint8Array | null> {
    const { store, cipher } = this.#options
    try {
      const found = await store.get(this.#key, { maxBytes: MOST_BYTES })
      return found && cipher.decrypt(this.#key, found.bytes)
    } catch (error) {
      if (error instanceof TgsessionError) return null
      throw error
    }
  }

  async remove(): Promise<void> {
    await this.#options.store.delete(this.#key)
  }
}
