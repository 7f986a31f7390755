import type { SrpChallenge } from '../crypto/srp.ts'
import type { FakeDcKeyState } from '../options.ts'
import type { Account } from '../world/account.ts'
import type { Authorization } from '../world/authorization.ts'

/** What an auth key is logged in to. A temporary key shares that of the key that it is bound to. */
export class Login {
  state: FakeDcKeyState = 'fresh'
  account: Account | null = null
  /** Has given the right code or QR token, but not yet the password. */
  pending: Account | null = null
  challenge: SrpChallenge | null = null
  authorization: Authorization | null = null

  begin(account: Account, authorization: Authorization): void {
    this.account = account
    this.pending = null
    this.challenge = null
    this.authorization = authorization
    this.state = 'authorised'
  }

  /** The account's password comes next. */
  wait(account: Account, authorization: Authorization): void {
    this.pending = account
    this.authorization = authorization
  }

  /** A request came: the login stays in use, or has ended for want of it. Seconds since 1970. */
  use(now: number): void {
    const { account, authorization } = this
    if (this.state !== 'authorised' || !account || !authorization) return
    if (now - authorization.activeAt > account.authorizationTtlDays * 86_400) this.end('expired')
    else authorization.activeAt = now
  }

  /** Not if two clients killed it: that is permanent. */
  end(state: 'revoked' | 'expired' | 'loggedOut'): void {
    this.pending = null
    if (this.state === 'duplicated') return
    if (this.state === 'authorised' || state === 'revoked') this.state = state
  }

  /** Ends it permanently. False if it was already ended. */
  killAsDuplicated(): boolean {
    if (this.state === 'duplicated') return false
    this.state = 'duplicated'
    return true
  }
}
