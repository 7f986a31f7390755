import { ConflictError } from '../base/errors.ts'
import {
  type Asker,
  type CodeQuestion,
  type PasswordQuestion,
  type QrAsker,
  type QrCode,
  RESEND,
} from '../login/asker.ts'
import { qrPath, type QrPath } from './qr.ts'

/** What the page shows of a login that goes on. `ask` numbers the questions: an answer names the one that it is for. */
export type Shown =
  | { step: 'asking' }
  | { step: 'qr'; qr: QrPath; expiresAt: string }
  | {
      step: 'code'
      ask: number
      sentTo: string
      length: number | null
      lastError: string | null
      resend: { next: string; afterSeconds: number } | null
    }
  | { step: 'password'; ask: number; hint: string | null; lastError: string | null }

/** Answers the questions of one login with what the page sends. */
export class Questions implements Asker, QrAsker {
  shown: Shown = { step: 'asking' }
  /** What Telegram or we had to say beside the questions. */
  readonly told: string[] = []
  readonly #phone: string
  #asked = 0
  #answer: ((text: string | typeof RESEND) => void) | undefined

  constructor(phone = '') {
    this.#phone = phone
  }

  async phone(): Promise<string> {
    return this.#phone
  }

  async code({ sentTo, length, lastError, resend }: CodeQuestion): Promise<string | typeof RESEND> {
    return await this.#ask((ask) => ({
      step: 'code',
      ask,
      sentTo,
      length: length ?? null,
      lastError: lastError ?? null,
      resend: resend ?? null,
    }))
  }

  async password({ hint, lastError }: PasswordQuestion): Promise<string> {
    const answer = await this.#ask((ask) => ({
      step: 'password',
      ask,
      hint: hint ?? null,
      lastError: lastError ?? null,
    }))
    return answer === RESEND ? '' : answer
  }

  notify(message: string): void {
    this.told.push(message)
  }

  showQr({ url, expiresAt }: QrCode): void {
    this.shown = { step: 'qr', qr: qrPath(url), expiresAt: expiresAt.toISOString() }
  }

  hideQr(): void {
    this.shown = { step: 'asking' }
  }

  /**
   * What the user answered, or the wish to get the code again. The same answer twice is answered once.
   * @throws ConflictError web.answered: this question is not open any more
   */
  answer(ask: number, text: string | typeof RESEND): void {
    const answer = ask === this.#asked ? this.#answer : undefined
    if (!answer || (text === RESEND && this.shown.step !== 'code'))
      throw new ConflictError('web.answered', 'this question is not open any more', {
        hint: 'Answer the one that the page shows now.',
      })
    this.#answer = undefined
    this.shown = { step: 'asking' }
    answer(text)
  }

  async #ask(show: (ask: number) => Shown): Promise<string | typeof RESEND> {
    this.#asked++
    this.shown = show(this.#asked)
    return await new Promise((resolve) => {
      this.#answer = resolve
    })
  }
}
