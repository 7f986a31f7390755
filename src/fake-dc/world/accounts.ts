import { FakeDcError } from '../errors.ts'
import type { FakeAccount, FakeBot, Standing } from '../options.ts'
import { Account, type AccountFields } from './account.ts'

const FIRST_USER_ID = 1_000_001n
const digits = (phone: string): string => phone.replaceAll(/\D/g, '')

type Given = Pick<AccountFields, 'phone' | 'code' | 'password' | 'token'> & {
  userId?: bigint | undefined
  firstName?: string
  username?: string
  standing?: Standing
  withoutFutureAuthTokens?: boolean
  confirmsLogins?: boolean
}

/** All accounts that may log in. */
export class Accounts {
  readonly #all: Account[] = []

  constructor(accounts: FakeAccount[], bots: FakeBot[]) {
    for (const { phone, code, password, ...rest } of accounts)
      this.#add({ ...rest, phone: digits(phone), code, password: password ?? null, token: null })
    for (const { token, ...rest } of bots)
      this.#add({
        ...rest,
        phone: null,
        code: null,
        password: null,
        token,
        userId: rest.userId ?? botId(token),
      })
  }

  #add(given: Given): void {
    const userId = given.userId ?? FIRST_USER_ID + BigInt(this.#all.length)
    if (this.#all.some((each) => each.userId === userId))
      throw new FakeDcError('bad-account', `two accounts have the user id ${userId}`)
    if (given.phone !== null && this.byPhone(given.phone))
      throw new FakeDcError('bad-account', `two accounts have the phone number of user ${userId}`)
    const firstName = given.firstName ?? (given.token === null ? 'User' : 'Bot')
    const account = new Account({
      ...given,
      userId,
      firstName,
      username: given.username ?? null,
      withoutFutureAuthTokens: given.withoutFutureAuthTokens ?? false,
      confirmsLogins: given.confirmsLogins ?? false,
    })
    account.standing = given.standing ?? 'good'
    this.#all.push(account)
  }

  get all(): readonly Account[] {
    return this.#all
  }

  byPhone(phone: string): Account | undefined {
    return this.#all.find((each) => each.fields.phone === digits(phone))
  }

  byToken(token: string): Account | undefined {
    return this.#all.find((each) => each.fields.token === token)
  }

  byUsername(username: string): Account | undefined {
    return this.#all.find((each) => each.fields.username?.toLowerCase() === username.toLowerCase())
  }

  /** @throws FakeDcError when there is none */
  byId(userId: bigint): Account {
    const account = this.#all.find((each) => each.userId === userId)
    if (!account) throw new FakeDcError('unknown-account', `no account has the user id ${userId}`)
    return account
  }
}

/** A real token begins with the bot's id. */
function botId(token: string): bigint | undefined {
  const match = /^(\d{1,18}):/.exec(token)
  return match ? BigInt(match[1] ?? '') : undefined
}
