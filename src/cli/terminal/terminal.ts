import type { Readable, Writable } from 'node:stream'
import { cancel, confirm, intro, isCancel, log, password, select, text } from '@clack/prompts'
import { TgsessionError } from '../../base/errors.ts'
import { type Asker, type CodeQuestion, type QrAsker, RESEND } from '../../login/asker.ts'
import { BOT_TOKEN, parsePhone } from '../../login/phone-number.ts'
import { QrPicture } from './qr-picture.ts'
import { show } from '../../base/show.ts'
import { Interrupted } from './output.ts'

/** Where a person sits: the process's own streams, or a rehearsal's. */
export interface Terminal {
  input: Readable
  output: Writable
  /** Closes every question; its reason is thrown then. */
  signal?: AbortSignal
}

/** Asks at a terminal. Ctrl-C at any question throws Interrupted. */
export function terminalAsker(terminal: Terminal): Asker {
  return {
    phone: (question) =>
      answered(
        terminal,
        text({
          message: 'Phone number of the account (international form)',
          placeholder: '+15551234567',
          validate: phoneProblem,
          ...terminal,
          ...withSignal(question?.signal),
        }),
      ),
    code: async (question) => {
      const { sentTo, length, lastError, resend, signal } = question
      if (lastError !== undefined) log.warn(show(lastError), terminal)
      if (resend !== undefined) log.info(`No code? Enter alone sends another one ${resend.next}.`, terminal)
      const size = length === undefined ? '' : ` (${length} characters)`
      const message = folded(show(`Code, sent to ${sentTo}${size}`), terminal)
      // Shown: it is good once, and for a few minutes.
      const validate = codeProblem(question)
      const code = await answered(terminal, text({ message, validate, ...terminal, ...withSignal(signal) }))
      return code.trim() === '' ? RESEND : code
    },
    password: ({ hint, lastError, signal }) => {
      if (lastError !== undefined) log.warn(show(lastError), terminal)
      const message = `Password of two-step verification${hint ? ` (your hint: ${show(hint)})` : ''}`
      const validate = required('the password')
      return answered(terminal, password({ message, validate, ...terminal, ...withSignal(signal) }))
    },
    notify: (message) => log.info(show(message), terminal),
  }
}

/** Shows the QR codes too, each in the place of the one before. */
export function terminalQrAsker(terminal: Terminal): QrAsker {
  const picture = new QrPicture(terminal.output)
  return {
    ...terminalAsker(terminal),
    showQr: ({ url }) => picture.show(url),
    hideQr: () => picture.remove(),
  }
}

export async function askBotToken(terminal: Terminal): Promise<string> {
  return await answered(
    terminal,
    password({ message: 'Bot token from @BotFather', validate: tokenProblem, ...terminal }),
  )
}

/** What is typed, shown or not. `problem` says in place what is wrong with it. */
export async function askText(
  question: {
    message: string
    initial?: string
    secret?: boolean
    problem: (given: string) => string | undefined
  },
  terminal: Terminal,
): Promise<string> {
  const { message, initial, secret, problem } = question
  const validate = (given: string | undefined): string | undefined => problem(given ?? '')
  return await answered(
    terminal,
    secret
      ? password({ message, validate, ...terminal })
      : text({ message, validate, ...(initial !== undefined && { initialValue: initial }), ...terminal }),
  )
}

/** One of several, by the arrow keys. */
export async function askChoice<T extends string>(
  message: string,
  options: { value: T; label: string; hint?: string }[],
  terminal: Terminal,
): Promise<T> {
  const answer = await answered(terminal, select<string>({ message, options, ...terminal }))
  const chosen = options.find(({ value }) => value === answer)
  if (chosen === undefined) throw new TypeError('an answer that was not offered')
  return chosen.value
}

/** Broken between words, so that it stays right of the frame's own line. */
export function folded(words: string, { output }: Terminal): string {
  const width = ('columns' in output && Number(output.columns) > 20 ? Number(output.columns) : 80) - 4
  return words.replaceAll(new RegExp(`(.{1,${width}})(?: +|$)`, 'g'), '$1\n').trimEnd()
}

/** What is asked stands in one frame, which is closed however it ends; `use` closes it when all went well. */
export async function framed<T>(title: string, terminal: Terminal, use: () => Promise<T>): Promise<T> {
  intro(show(title), terminal)
  try {
    return await use()
  } catch (error) {
    cancel(error instanceof Interrupted ? 'Cancelled.' : 'Stopped.', terminal)
    throw error
  }
}

export async function askYesNo(message: string, terminal: Terminal): Promise<boolean> {
  return (await answered(terminal, confirm({ message, initialValue: false, ...terminal }))) === 'true'
}

async function answered({ signal }: Terminal, prompt: Promise<string | boolean | symbol>): Promise<string> {
  const answer = await prompt
  signal?.throwIfAborted()
  if (isCancel(answer)) throw new Interrupted()
  return String(answer)
}

function phoneProblem(given = ''): string | undefined {
  try {
    parsePhone(given)
    return undefined
  } catch (error) {
    if (error instanceof TgsessionError) return `${error.message}. ${error.hint}`
    throw error
  }
}

function tokenProblem(given = ''): string | undefined {
  return BOT_TOKEN.test(given.trim())
    ? undefined
    : 'Copy the whole token: digits, a colon, letters and digits.'
}

/** What can be told without Telegram: whether it has as many digits, and whether another may be sent already. */
function codeProblem({ length, resend }: CodeQuestion): (given?: string) => string | undefined {
  const askedAt = performance.now()
  return (given = '') => {
    const code = given.replaceAll(/[\s-]/g, '')
    if (code !== '')
      return /^\d+$/.test(code) && length !== undefined && code.length !== length
        ? `It has ${length} characters.`
        : undefined
    if (!resend) return 'Enter the code.'
    const seconds = Math.ceil(resend.afterSeconds - (performance.now() - askedAt) / 1000)
    return seconds > 0 ? `Another one can be sent in ${seconds} s.` : undefined
  }
}

function required(what: string): (value: string | undefined) => string | undefined {
  return (value) => (value?.trim() ? undefined : `Enter ${what}.`)
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
