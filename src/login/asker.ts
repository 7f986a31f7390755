/** What every question carries. */
export interface Question {
  /** A prompt that is still open when it fires should close itself. */
  signal?: AbortSignal | undefined
}

/** A question that may be asked again. */
export interface RepeatedQuestion extends Question {
  /** 1 for the first time, at most 3. */
  attempt: number
  /** Why the answer before was not right, for a person; absent the first time. */
  lastError?: string | undefined
}

/** In place of a code: send another one. */
export const RESEND = Symbol('send another code')

/** For the code that Telegram sent. */
export interface CodeQuestion extends RepeatedQuestion {
  /** Where to look, for a person: "the Telegram app on another device". */
  sentTo: string
  /** How many characters, where Telegram says it. */
  length?: number | undefined
  /** Another one can be sent: the answer RESEND asks for it. */
  resend?:
    | {
        /** How it would come, for a person. */
        next: string
        /** Seconds from now; sooner Telegram sends none. */
        afterSeconds: number
      }
    | undefined
}

/** For the password of two-step verification. */
export interface PasswordQuestion extends RepeatedQuestion {
  /** What the account's owner wrote down as a reminder. */
  hint?: string | undefined
}

/** One picture to show. */
export interface QrCode extends Question {
  /** What the picture says: a `tg://login` address, and a secret while it lasts. */
  url: string
  /** Another picture follows then. */
  expiresAt: Date
}

/** Shows the QR codes, one after the other, and answers if the account has a password. */
export interface QrAsker extends Pick<Asker, 'password' | 'notify'> {
  /** Shows this one in place of the one before. */
  showQr(code: QrCode): void
  /** None of them is good any more. */
  hideQr(): void
}

/**
 * Answers the questions of a login: a terminal, a page, a test. Each method resolves with what was entered, as it
 * was entered; what it throws ends the login and is thrown on unchanged.
 */
export interface Asker {
  /** The phone number of the account, in international form. */
  phone(question?: Question): Promise<string>
  /** The login code; or RESEND, if `question.resend` is there. */
  code(question: CodeQuestion): Promise<string | typeof RESEND>
  /** The password of two-step verification; never to be shown or kept. */
  password(question: PasswordQuestion): Promise<string>
  /** Something worth telling that needs no answer. */
  notify?(message: string): void
}
