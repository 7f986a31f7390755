import type { RandomBytes } from '../bytes.ts'
import type { FakePerson, Standing } from '../options.ts'
import { type SrpVerifier, createVerifier } from '../crypto/srp.ts'

/** A message of Saved Messages; `pts` is the account's counter after it. */
export interface SavedMessage {
  id: number
  text: string
  date: number
  pts: number
}

export interface AccountFields {
  phone: string | null
  code: string | null
  password: string | null
  token: string | null
  userId: bigint
  firstName: string
  username: string | null
  withoutFutureAuthTokens: boolean
  confirmsLogins: boolean
}

/** A user or bot and what the servers keep of it. */
export class Account {
  readonly fields: AccountFields
  readonly messages: SavedMessage[] = []
  standing: Standing = 'good'
  /** A login that is not used for this long ends. */
  authorizationTtlDays = 180
  readonly randomIds = new Set<bigint>()
  #verifier: Promise<SrpVerifier> | null = null

  constructor(fields: AccountFields) {
    this.fields = fields
  }

  /** As others see it. */
  get person(): FakePerson {
    const { userId, firstName, username } = this.fields
    return { userId, firstName, ...(username !== null && { username }) }
  }

  get userId(): bigint {
    return this.fields.userId
  }

  /** The update counter: 1 for a new account, one more for each message. */
  get pts(): number {
    return 1 + this.messages.length
  }

  addMessage(text: string, date: number): SavedMessage {
    const message = { id: this.messages.length + 1, text, date, pts: this.pts + 1 }
    this.messages.push(message)
    return message
  }

  /** Null without a password. Made at the first use, since it takes 100 000 rounds. */
  async verifier(randomBytes: RandomBytes): Promise<SrpVerifier | null> {
    if (this.fields.password === null) return null
    this.#verifier ??= createVerifier(this.fields.password, randomBytes)
    return this.#verifier
  }
}
