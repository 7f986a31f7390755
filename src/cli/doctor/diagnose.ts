import { randomUUID } from 'node:crypto'
import { describeSettings } from '../../config/describe.ts'
import { namesPlainSession, openPlainSession } from '../../config/open-plain-session.ts'
import { openReplica } from '../../config/open-replica.ts'
import type { Environment, Settings } from '../../config/settings.ts'
import { BadDataError, ConfigurationError, NoSessionError, TgsessionError } from '../../base/errors.ts'
import { borrowedApiId } from '../../login/borrowed-api-ids.ts'
import { type Current, type Head, patchOf } from '../../replica/head.ts'
import { encodeHead } from '../../replica/head-format.ts'
import type { Replica } from '../../replica/replica.ts'
import { inspectSession } from '../../session/inspect.ts'
import { type Provider, providerOf } from '../../store/providers.ts'
import { probeConditions } from '../../store/probe.ts'
import { plural } from '../terminal/ago.ts'
import { usedBy } from '../terminal/holder-words.ts'
import { formatBytes, onTrouble } from '../terminal/output.ts'
import { withProgress } from '../terminal/progress.ts'
import { storeWarnings } from '../store-warnings.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'
import { clockCheck } from './clock.ts'
import { costChecks } from './cost.ts'
import { versioningCheck } from './versioning.ts'

/** Of some twenty revisions. */
const USUAL_HEAD_BYTES = 16 * 1024

/**
 * Looks at everything between the settings and a session that can be served, in the order in which one thing rests on
 * the other. Nothing is sent to Telegram.
 */
export async function diagnose(readAll: () => Promise<Settings>, env: Environment): Promise<Check[]> {
  let settings: Settings
  try {
    settings = await readAll()
  } catch (error) {
    return [failed('configuration', error)]
  }
  return [
    configuration(settings),
    ...ofHost(settings),
    ...(await storeWarnings(settings)).map(({ message, hint }) => warning('store safety', message, hint)),
    ...forLogin(settings),
    ...(await keptChecks(settings, env)),
  ]
}

/** The store and the session in it, or the one plain file. A store sees a probe object come and go, and nothing else. */
async function keptChecks(settings: Settings, env: Environment): Promise<Check[]> {
  if (namesPlainSession(settings)) return await plainChecks(settings)
  const location = settings.store
  if (!location) throw new TypeError('settings read without { store: true }')
  let replica: Replica
  try {
    replica = await openReplica(settings, { onTrouble })
  } catch (error) {
    return [failed('store', error)]
  }
  const checks: Check[] = []
  let head: Head | null = null
  try {
    const provider = providerOf(location.url, env)
    const reached = await storeChecks(replica, provider)
    head = reached.head
    checks.push(...reached.checks)
    if (provider?.conditions === 'no') checks.push(unsuitable(provider))
    if (reached.answers) checks.push(await conditions(replica))
    if (reached.head) checks.push(...(await sessionChecks(replica, reached.head, settings)))
  } finally {
    await replica.store.close()
  }
  const sizes = head?.current
    ? { bytes: head.current.bytes, headBytes: encodeHead(head).length }
    : { bytes: 0, headBytes: USUAL_HEAD_BYTES }
  const costs = costChecks({ ...settings, store: location.url }, sizes)
  return [...checks, await clockCheck(location, env), await versioningCheck(location), ...costs]
}

function configuration(settings: Settings): Check {
  const { store = '', encryption = '' } = describeSettings(settings)
  const detail = `${store}, name ${settings.name}, encryption ${encryption}`
  return ok('configuration', detail)
}

function ofHost({ warning: told, isGuess, shutdownMs }: Settings): Check[] {
  if (told) return [warning('host', told.message, told.hint)]
  if (!isGuess) return []
  const detail = `a container of a host that is not known: ${shutdownMs / 1000} s are counted on to stop and save, as plain Docker kills 10 s after its signal`
  const hint =
    'If it waits longer (stop_grace_period of Compose, `docker stop -t 30`), set TGSESSION_SHUTDOWN=25s; if that is right, TGSESSION_SHUTDOWN=8s.'
  return [warning('host', detail, hint)]
}

function forLogin({ apiId, apiHash }: Settings): Check[] {
  if (apiId !== undefined && apiHash !== undefined) {
    const borrowed = borrowedApiId(apiId)
    return borrowed === undefined ? [] : [warning('login', borrowed.message, borrowed.hint)]
  }
  const hint = 'Only `tgsession login` needs them (and your bot). They are at https://my.telegram.org.'
  return [warning('login', 'TELEGRAM_API_ID or TELEGRAM_API_HASH is not set', hint)]
}

/** A head that cannot be read was reached all the same. */
async function storeChecks(
  replica: Replica,
  provider: Provider | undefined,
): Promise<{ checks: Check[]; answers: boolean; head: Head | null }> {
  const { label } = replica.store
  const named = provider === undefined ? label : `${label} (${provider.name})`
  const asked = performance.now()
  const reached = (): Check => ok('store', `${named} answers in ${Math.round(performance.now() - asked)} ms`)
  try {
    const head = await replica.status({ patienceMs: 10_000 })
    return { checks: [reached(), headCheck(head)], answers: true, head }
  } catch (error) {
    if (!(error instanceof BadDataError))
      return { checks: [failed('store', error)], answers: false, head: null }
    return { checks: [reached(), failed('head', error)], answers: true, head: null }
  }
}

function unsuitable({ name, note }: Provider): Check {
  const why = note === undefined ? '' : ` (${note})`
  return warning('service', `${name} does not write on a condition${why}`, 'Take another: docs/stores.md.')
}

function headCheck({ current, holder, history, quarantined, notice, generation }: Head): Check {
  const patch = current && patchOf(current) !== null ? ` (a patch of ${patchOf(current)})` : ''
  const stored = current ? `revision ${current.revision}${patch}, ${history.length} former` : 'no session yet'
  const detail = `${stored}; in use ${usedBy(holder)}; generation ${generation}`
  const told = [notice ?? '', quarantined.length > 0 ? `${quarantined.length} quarantined` : ''].filter(
    (text) => text !== '',
  )
  if (told.length === 0) return ok('head', detail)
  return warning('head', `${detail}; ${told.join('; ')}`, 'See `tgsession status` and `tgsession history`.')
}

async function conditions({ store }: Replica): Promise<Check> {
  try {
    const { leftover } = await probeConditions(store, { suffix: randomUUID() })
    if (leftover === undefined) return ok('conditional writes', 'honoured')
    return warning(
      'conditional writes',
      'honoured; but nothing may be deleted',
      `${leftover} was left behind. Without the right to delete, old revisions pile up.`,
    )
  } catch (error) {
    return failed('conditional writes', error)
  }
}

async function sessionChecks(replica: Replica, { current }: Head, settings: Settings): Promise<Check[]> {
  if (!current) return [skipped('session', 'there is none yet: `tgsession login` makes one')]
  const sealed = current.objectKey.endsWith('.age')
  if (sealed && settings.identities.length === 0) return [failed('decryption', keyMissing(settings))]
  try {
    const { bytes } = await withProgress('Fetching the session', (onProgress) =>
      replica.restore({ onProgress }),
    )
    return [decryptionCheck(current, settings), await sessionCheck(bytes, current.dead)]
  } catch (error) {
    return [failed(stepOf(error), error)]
  }
}

/** CI needs no more than the public key: it stores, and reads nothing. But no `run` can start like that. */
function keyMissing({ recipient }: Settings): ConfigurationError {
  const has =
    recipient === undefined ? '' : ': only the public key is here, which can store sessions and not read them'
  return new ConfigurationError(
    'key.missing',
    `the session is encrypted, and TGSESSION_KEY is not set${has}`,
    {
      hint: 'Set the TGSESSION_KEY that it was saved with; a new one cannot open it. Where sessions are only pushed (CI), nothing is wrong.',
    },
  )
}

/** Of what could be opened. */
function decryptionCheck(
  { revision, sealedFor, objectKey: key }: Current,
  { encryption, recipient }: Settings,
): Check {
  const isSealed = key.endsWith('.age')
  const isOfKeyBefore = isSealed && typeof sealedFor === 'string' && sealedFor !== recipient
  const opened = isSealed ? `opens with TGSESSION_KEY${isOfKeyBefore ? '_PREVIOUS' : ''}` : 'is not encrypted'
  const detail = `revision ${revision} ${opened}`
  if (!isOfKeyBefore && (isSealed || encryption === 'none')) return ok('decryption', detail)
  const hint =
    'TGSESSION_KEY protects it once it is stored again: when a running instance saves or stops, or by `tgsession pull` and `tgsession push`. Former revisions stay as they are.'
  return warning('decryption', detail, hint)
}

async function sessionCheck(bytes: Uint8Array, dead: string | null): Promise<Check> {
  const { version, keyFingerprint, userId, entities, withoutRowid } = await inspectSession(bytes)
  const detail = `Telethon schema ${version}, ${formatBytes(bytes.length)}, key ${keyFingerprint}, user ${userId ?? 'not told'}, ${plural(entities, 'peer')}`
  if (dead !== null)
    return failed(
      'session',
      new NoSessionError('session.dead', `Telegram does not take this key any more (${dead})`, {
        hint: 'Log in again with `tgsession login`, or store another session with `tgsession push`.',
      }),
    )
  if (!withoutRowid) return ok('session', detail)
  const hint = '`tgsession pull`, `tgsession convert`, `tgsession push` make one that opens everywhere.'
  return warning('session', `${detail}; its tables need SQLite 3.8.2`, hint)
}

async function plainChecks(settings: Settings): Promise<Check[]> {
  try {
    const { label, bytes, warning: given } = await openPlainSession(settings)
    const hint = 'Name a bucket, a database or a folder in TGSESSION_STORE, and push the file into it.'
    return [
      ok('store', `${label} can be read`),
      await sessionCheck(bytes, null),
      warning('lease', given, hint),
    ]
  } catch (error) {
    return [failed(stepOf(error), error)]
  }
}

/** Where reading a session came to its end. */
function stepOf(error: unknown): 'store' | 'decryption' | 'session' {
  if (error instanceof TgsessionError && /^key\.|^runtime\./.test(error.code)) return 'decryption'
  return error instanceof BadDataError || error instanceof NoSessionError ? 'session' : 'store'
}
