import { confirm, isCancel, log, password, text } from '@clack/prompts'
import type { Asker } from '../login/asker.ts'
import { Interrupted } from './output.ts'

async function answered(prompt: Promise<string | boolean | symbol>): Promise<string> {
  const answer = await prompt
  if (isCancel(answer)) throw new Interrupted()
  return String(answer)
}

const required = (what: string) => (value: string | undefined) =>
  value?.trim() ? undefined : `Enter ${what}.`

/** Asks at a terminal. Ctrl-C at any question throws Interrupted. */
export const terminalAsker: Asker = {
  phone: (question) =>
    answered(
      text({
        message: 'Phone number of the account (international form)',
        placeholder: '+15551234567',
        validate: required('a phone number'),
        ...withSignal(question?.signal),
      }),
    ),
  code: ({ sentTo, length, lastError, signal }) => {
    if (lastError !== undefined) log.warn(lastError)
    const digits = length === undefined ? '' : ` (${length} characters)`
    const message = `Code, sent to ${sentTo}${digits}`
    return answered(text({ message, validate: required('the code'), ...withSignal(signal) }))
  },
  password: ({ hint, lastError, signal }) => {
    if (lastError !== undefined) log.warn(lastError)
    const message = `Password of two-step verification${hint ? ` (your hint: ${hint})` : ''}`
    return answered(password({ message, validate: required('the password'), ...withSignal(signal) }))
  },
  notify: (message) => log.info(message),
}

export async function askBotToken(): Promise<string> {
  return await answered(password({ message: 'Bot token from @BotFather', validate: required('the token') }))
}

export async function askYesNo(message: string): Promise<boolean> {
  return (await answered(confirm({ message, initialValue: false }))) === 'true'
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {}
}
