import { log } from '@clack/prompts'
import { TgsessionError } from '../../base/errors.ts'
import { undressToken, undressValue } from '../../base/input.ts'
import { show } from '../../base/show.ts'
import { type Environment, settingProblem } from '../../config/settings.ts'
import { borrowedApiId } from '../../login/borrowed-api-ids.ts'
import { checkStoreUrl, storeLabel } from '../../store/label.ts'
import { foundStores } from '../../store/locate.ts'
import { schemeOf } from '../../store/scheme.ts'
import { askChoice, askText, folded, type Terminal } from '../terminal/terminal.ts'
import { HOSTS, type Target, TARGETS } from './host-targets.ts'

const API = 'https://my.telegram.org shows it, under API development tools'

export async function askTarget(terminal: Terminal): Promise<Target> {
  const options = TARGETS.map((value) => ({ value, label: HOSTS[value].label }))
  return await askChoice('Where will the bot run?', options, terminal)
}

/** What `env` does not have, by the names of the variables. A host's own store needs none. */
export async function askMissing(
  env: Environment,
  target: Target,
  terminal: Terminal,
): Promise<Record<string, string>> {
  const given: Record<string, string> = {}
  if (isMissing(env, 'TELEGRAM_API_ID', 'API_ID')) {
    given['TELEGRAM_API_ID'] = undressToken(
      await askText({ message: `api_id: ${API}`, problem: problemOf('TELEGRAM_API_ID') }, terminal),
    )
    const borrowed = borrowedApiId(Number(given['TELEGRAM_API_ID']))
    if (borrowed !== undefined) log.warn(folded(`${borrowed.message}. ${borrowed.hint}`, terminal), terminal)
  }
  if (isMissing(env, 'TELEGRAM_API_HASH', 'API_HASH')) {
    const question = { message: 'api_hash, from the same page', secret: true }
    const answer = await askText({ ...question, problem: problemOf('TELEGRAM_API_HASH') }, terminal)
    given['TELEGRAM_API_HASH'] = undressToken(answer)
  }
  if (isMissing(env, 'TGSESSION_STORE') && !HOSTS[target].own?.isOnly)
    Object.assign(given, await askStore(env, target, terminal))
  if (isMissing(env, 'TGSESSION_NAME')) {
    const message = 'Name of the session, where a store holds several'
    const name = await askText({ message, initial: 'main', problem: problemOf('TGSESSION_NAME') }, terminal)
    given['TGSESSION_NAME'] = undressValue(name, 'TGSESSION_NAME')
  }
  return given
}

/** What would be asked, to be listed if there is no terminal. */
export function missingOf(env: Environment, target: Target): string[] {
  return [
    ...(isMissing(env, 'TELEGRAM_API_ID', 'API_ID') ? ['TELEGRAM_API_ID'] : []),
    ...(isMissing(env, 'TELEGRAM_API_HASH', 'API_HASH') ? ['TELEGRAM_API_HASH'] : []),
    ...(isMissing(env, 'TGSESSION_STORE') && !HOSTS[target].own ? ['TGSESSION_STORE'] : []),
  ]
}

export function isMissing(env: Environment, ...names: string[]): boolean {
  return names.every((name) => undressValue(env[name] ?? '', name) === '')
}

function problemOf(variable: Parameters<typeof settingProblem>[0]): (text: string) => string | undefined {
  return (text) => (text.trim() === '' ? 'it is needed' : settingProblem(variable, text))
}

async function askStore(
  env: Environment,
  target: Target,
  terminal: Terminal,
): Promise<Record<string, string>> {
  const { own } = HOSTS[target]
  // What this machine's environment names is not there on another.
  const found = target === 'here' ? foundStores(env) : []
  const choice = await askChoice(
    'Where is the session kept?',
    [
      ...(own === undefined ? [] : [{ value: 'own', ...own }]),
      ...found.map(({ name, url }) => ({
        value: name,
        label: name,
        hint: storeLabel(url) ?? 'set (hidden)',
      })),
      ...(target === 'here'
        ? [{ value: 'folder', label: 'a folder here', hint: 'file:./tgsession-store' }]
        : []),
      { value: 'address', label: 'a bucket or a database', hint: 'its address is asked' },
    ],
    terminal,
  )
  if (choice === 'own') return {}
  if (choice === 'folder') return { TGSESSION_STORE: 'file:./tgsession-store' }
  return choice === 'address' ? await askAddress(env, terminal) : { TGSESSION_STORE: choice }
}

async function askAddress(env: Environment, terminal: Terminal): Promise<Record<string, string>> {
  log.message(
    'For example s3://bucket/telegram?region=eu-central-1 (for another service than AWS with &endpoint=https://…),\npostgres://user:password@host/database. What services there are: docs/stores.md',
    terminal,
  )
  // It may hold a password.
  const question = { message: 'Its address (not shown)', secret: true, problem: addressProblem }
  const url = inOneLine(await askText(question, terminal))
  const access = { TGSESSION_STORE: url }
  log.info(show(storeLabel(url) ?? 'an address that cannot be shown'), terminal)
  if (schemeOf(url) !== 's3' || !isMissing(env, 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE')) return access
  const message = 'Access key of the bucket (empty: as the AWS SDK finds it)'
  const id = undressToken(await askText({ message, problem: keyProblem }, terminal))
  if (id === '') return access
  const secretQuestion = { message: 'Its secret', secret: true }
  const problem = (text: string): string | undefined =>
    text.trim() === '' ? 'it is needed' : keyProblem(text)
  const secret = undressToken(await askText({ ...secretQuestion, problem }, terminal))
  return { ...access, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }
}

function addressProblem(text: string): string | undefined {
  const url = inOneLine(text)
  if (url === '') return 'it is needed'
  try {
    checkStoreUrl(url, 'it')
    return undefined
  } catch (error) {
    if (error instanceof TgsessionError) return `${error.message}. ${error.hint}`
    throw error
  }
}

/** As `.env` takes it without quotes, which not every host reads. */
function inOneLine(text: string): string {
  return undressValue(text, 'TGSESSION_STORE').replaceAll(/[\s'"`#]/g, (one) =>
    encodeURIComponent(one).replace("'", '%27'),
  )
}

function keyProblem(text: string): string | undefined {
  return /^[\w/+=.-]*$/.test(undressToken(text)) ? undefined : 'it has characters that no access key has'
}
