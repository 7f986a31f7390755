import type { Readable, Writable } from 'node:stream'
import { confirm, isCancel, log, password, text } from '@clack/prompts'
import type { Asker, QrAsker } from '../../login/asker.ts'
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
          validate: required('a phone number'),
          ...terminal,
          ...withSignal(question?.signal),
        }),
      ),
    code: ({ sentTo, length, lastError, signal }) => {
      if (lastError !== undefined) log.warn(show(lastError), terminal)
      const message = `Code, sent to ${sentTo}${length === undefined ? '' : ` (${length} characters)`}`
      // Masked: what stands on a screen ends in recordings, and `heroku run` has some.
      return answered(
        terminal,
        password({ message, validate: required('the code'), ...terminal, ...withSignal(signal) }),
      )
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
    password({ message: 'Bot token from @BotFather', validate: required('the token'), ...terminal }),
  )
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

function required(what: string): (value: string | undefined) => string | undefined {
  return (value) => (value?.trim() ? undefined : `Enter ${what}.`)
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
