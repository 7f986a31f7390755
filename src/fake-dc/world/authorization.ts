/** The client as it describes itself in initConnection. */
export interface ClientInfo {
  apiId: number
  deviceModel: string
  systemVersion: string
  appVersion: string
}

/** How long a new login stays unconfirmed without an answer, in seconds. */
const CONFIRMED_AFTER = 7 * 86_400

/** One login of an account, as the list of its devices shows it. Times in seconds since 1970. */
export class Authorization {
  readonly hash: bigint
  client: ClientInfo
  createdAt: number
  activeAt: number
  #isConfirmed: boolean

  constructor(hash: bigint, client: ClientInfo, now: number, isConfirmed: boolean) {
    this.hash = hash
    this.client = client
    this.createdAt = now
    this.activeAt = now
    this.#isConfirmed = isConfirmed
  }

  confirm(): void {
    this.#isConfirmed = true
  }

  isConfirmed(now: number): boolean {
    return this.#isConfirmed || now - this.createdAt >= CONFIRMED_AFTER
  }
}
