import type { Settings } from '../../config/settings.ts'
import type { BareContainer } from '../../container/bare-container.ts'
import { NoSessionError, TgsessionError } from '../../base/errors.ts'
import type { Head } from '../../replica/head.ts'
import { usedBy } from '../terminal/holder-words.ts'
import { usingContainer } from '../options.ts'
import { type Check, failed, ok, skipped, warning } from './check.ts'

type Known = { name: string; head: Pick<Head, 'current' | 'holder'> }

/** The database, its tables, which are made where there are none, and every session in it. */
export async function containerChecks(settings: Settings): Promise<Check[]> {
  try {
    return await usingContainer(settings, async (container) => {
      const asked = performance.now()
      const names = await container.listSessions()
      const took = Math.round(performance.now() - asked)
      const reached = ok('container', `${container.label} answers in ${took} ms, and has the tables`)
      const { known, unread } = await readAll(container, names)
      return [
        reached,
        sessionsCheck(names, known),
        keysCheck(names, unread),
        ...(await plainCheck(container, settings)),
        ...(await asideCheck(container, names)),
        namedCheck(settings.name, known, unread),
      ]
    })
  } catch (error) {
    return [failed('container', error)]
  }
}

async function readAll(
  container: BareContainer,
  names: readonly string[],
): Promise<{ known: Known[]; unread: Map<string, TgsessionError> }> {
  const known: Known[] = []
  const unread = new Map<string, TgsessionError>()
  for (const name of names)
    try {
      known.push({ name, head: await container.loginPlace(name).status() })
    } catch (error) {
      if (!(error instanceof TgsessionError)) throw error
      unread.set(name, error)
    }
  return { known, unread }
}

function sessionsCheck(names: readonly string[], known: readonly Known[]): Check {
  const used = known.filter(({ head }) => head.holder !== null).length
  const dead = known.flatMap(({ name, head }) => (head.current?.dead ? [name] : []))
  const detail = `${names.length} sessions, ${used} in use`
  if (dead.length === 0) return ok('sessions', detail)
  const hint = 'Log in again with `tgsession login --name …`, or import another session with --replace.'
  return warning('sessions', `${detail}; Telegram does not take the key of ${dead.join(', ')}`, hint)
}

function keysCheck(names: readonly string[], unread: ReadonlyMap<string, TgsessionError>): Check {
  const [first] = unread.values()
  if (names.length === 0) return skipped('decryption', 'there is no session yet: `tgsession login` makes one')
  if (first === undefined) return ok('decryption', `all ${names.length} keys can be read`)
  const check = failed('decryption', first)
  return { ...check, detail: `of ${names.length} keys not to be read: ${[...unread.keys()].join(', ')}` }
}

async function plainCheck(container: BareContainer, { encryption }: Settings): Promise<Check[]> {
  const plain = encryption === 'none' ? [] : await container.listPlainSessions()
  if (plain.length === 0) return []
  const hint = 'Whoever reads the database has these accounts. Export them and import them with --replace.'
  return [warning('encryption', `not encrypted: ${plain.join(', ')}`, hint)]
}

async function asideCheck(container: BareContainer, names: readonly string[]): Promise<Check[]> {
  const those: string[] = []
  for (const name of names) if ((await container.listQuarantined(name)).length > 0) those.push(name)
  if (those.length === 0) return []
  return [
    warning(
      'quarantined',
      `keys were quarantined of ${those.join(', ')}`,
      'See `tgsession status --name …`.',
    ),
  ]
}

function namedCheck(
  name: string,
  known: readonly Known[],
  unread: ReadonlyMap<string, TgsessionError>,
): Check {
  const problem = unread.get(name)
  if (problem !== undefined) return failed('session', problem)
  const head = known.find((one) => one.name === name)?.head
  if (!head?.current) return skipped('session', `there is no session ${name}: \`tgsession login\` makes one`)
  const { keyFingerprint, userId, dead } = head.current
  if (dead === null) {
    const used = usedBy(head.holder)
    return ok('session', `${name}: key ${keyFingerprint}, user ${userId ?? 'not told'}; in use ${used}`)
  }
  return failed(
    'session',
    new NoSessionError('session.dead', `Telegram does not take the key of ${name} any more (${dead})`, {
      hint: 'Log in again with `tgsession login`, or import another session with --replace.',
    }),
  )
}
