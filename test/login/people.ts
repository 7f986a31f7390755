import { RefusedError } from '../../src/base/errors.ts'
import type { FakeDc } from '../../src/fake-dc/fake-dc.ts'
import type { Asker, CodeQuestion, PasswordQuestion } from '../../src/login/asker.ts'
import type { AttemptLog } from '../../src/login/attempt-log.ts'
import type { LogInOptions } from '../../src/login/settings.ts'

export const ANN = { phone: '+15550004567', code: '24680', firstName: 'Ann', username: 'ann' }
export const BOB = { phone: '+15550001111', code: '13579', firstName: 'Bob', password: 'correct horse' }
export const BOT = { token: '777000:AA-token-of-the-bot', firstName: 'Robot', username: 'robot' }

/** Somebody at a terminal who gives these answers, one after the other; null hangs up. */
export class Person implements Asker {
  readonly asked: (CodeQuestion | PasswordQuestion)[] = []
  readonly told: string[] = []
  readonly #phone: string
  readonly #codes: (string | null)[]
  readonly #passwords: (string | null)[]

  constructor(phone: string, codes: (string | null)[] = [], passwords: (string | null)[] = []) {
    this.#phone = phone
    this.#codes = codes
    this.#passwords = passwords
  }

  async phone(): Promise<string> {
    return this.#phone
  }

  async code(question: CodeQuestion): Promise<string> {
    return this.#answer(question, this.#codes)
  }

  async password(question: PasswordQuestion): Promise<string> {
    return this.#answer(question, this.#passwords)
  }

  notify(message: string): void {
    this.told.push(message)
  }

  #answer(question: CodeQuestion | PasswordQuestion, answers: (string | null)[]): string {
    this.asked.push(question)
    const answer = answers.shift()
    if (answer === undefined) throw new Error('asked more often than expected')
    if (answer === null) throw new Error('hung up')
    return answer
  }
}

/** Keeps what it is told, in order. */
export class Notes implements AttemptLog {
  readonly lines: string[] = []
  readonly sends: string[] = []
  mostSends = 3
  readonly #begin: () => void

  constructor(begin: () => void = () => undefined) {
    this.#begin = begin
  }

  async begin(): Promise<void> {
    this.#begin()
    this.lines.push('begin')
  }

  async sending(phone: string): Promise<void> {
    this.sends.push(phone)
    if (this.sends.length > this.mostSends)
      throw new RefusedError('login.too_many', 'too many codes', { hint: '-' })
  }

  async blocked(until: Date): Promise<void> {
    this.lines.push(`blocked ${until.toISOString()}`)
  }

  async failed(code: string): Promise<void> {
    this.lines.push(`failed ${code}`)
  }
}

export const API_HASH = '0123456789abcdef0123456789abcdef'

export function optionsFor(dc: FakeDc, notes: Notes, rest: Partial<LogInOptions> = {}): LogInOptions {
  return {
    apiId: 12345,
    apiHash: API_HASH,
    dc: { host: dc.host, port: dc.port, id: dc.dcId, publicKeyPem: dc.publicKeyPem },
    attempts: notes,
    log: () => undefined,
    ...rest,
  }
}
