import { type Step, STEPS } from '../../../src/base/life/step.ts'
import { seededRandom } from '../sim-clock.ts'

const FILE_MOMENTS = [
  'file.revision.before',
  'file.revision.after',
  'file.head.before',
  'file.head.after',
] as const
const NETWORK_MOMENTS = [
  'put.revision.before',
  'put.revision.after',
  'put.head.before',
  'put.head.after',
] as const

/** Where a process can be killed: a step of `run`, or a write of the store just before or just after it happened. */
export type Moment = Step | (typeof FILE_MOMENTS)[number]
export type NetworkMoment = (typeof NETWORK_MOMENTS)[number]

/** The steps that `openSession` has not. */
const OF_COMMANDS: readonly string[] = ['session.placed', 'command.started', 'command.ended']

/** What runs in a dyno unless told: programs of examples/, the first three as the command of `tgsession run`. */
export const COMMANDS = ['gramjs', 'teleproto', 'telethon'] as const
export const BOTS = [...COMMANDS, 'in process'] as const
/** Those whose files are not Telethon's: programs of test/support/clients. */
export const OF_OTHER_FAMILIES = ['pyrogram', 'pyrofork', 'kurigram', 'kurigram6', 'mtcute'] as const
export type Bot = (typeof BOTS)[number] | (typeof OF_OTHER_FAMILIES)[number]
/** They can be told to take no notice of a SIGTERM. */
const MAY_BE_DEAF: readonly Bot[] = ['gramjs', ...OF_OTHER_FAMILIES]

/** How the life of a dyno ends. */
export type End =
  /** The host's restart. */
  | { by: 'term' }
  /** kill -9 at any time, of everything, of `tgsession run`, or of the bot. */
  | { by: 'kill'; who: 'dyno' | 'wrapper' | 'child' }
  /** kill -9 at that moment; the `nth` time that it comes. */
  | { by: 'moment'; at: Moment | NetworkMoment; who: 'dyno' | 'wrapper'; nth: number }

/** What else happens in a life; kills come alone. */
const MISHAPS = [
  'none',
  /** The SIGTERM comes before it serves, wherever it is by then. */
  'early stop',
  /** Another instance, or four, with a TTL of their own, want the same session at the same time. */
  'rival',
  'rivals',
  /** All of it stands still for less than the lease's TTL. */
  'freeze',
  /** CI stores a session while it runs, or while one dyno takes over from another. */
  'upload',
  'upload at the stop',
  /** The wall clock jumps while a save is under way. */
  'clock jump',
  'two SIGTERMs',
  /** The bot takes no notice of a SIGTERM. */
  'deaf bot',
  /** No room for the session: from the start, or later, for a time or until the end. */
  'full work disk',
  /** From the SIGTERM on the store does not answer. */
  'store down at the stop',
  'full store',
] as const
export type Mishap = (typeof MISHAPS)[number]

/** What happens in a life of several TTLs, beside which others wait for the session all the while. */
export const STAYS = [
  /** Nothing: they wait, and get nothing. */
  'fair weather',
  /** A renewal arrives late, in time all the same; when it is over, they all take the session at once. */
  'slow store',
  /** Whoever serves does not reach the store for longer than a TTL. What he has asked is done after that. */
  'late store',
  /** He reads it, and his writes of the head are done that late: the conditions of a renewal no longer hold then. */
  'late writes',
  /** The wrapper alone stands still for longer than a TTL; its command does not. */
  'frozen wrapper',
  /** The command starts a program with an empty environment, in a session of its own. */
  'hidden program',
  /** Beside the place of the session lies the journal of another one. */
  'stale side files',
  /** Somebody restores a backup of the store. */
  'restored store',
  /** The store fails over to a copy that has not heard of his lease yet. */
  'failed-over store',
] as const
export type Stay = (typeof STAYS)[number]
/** The share of the long lives: thirty restarts have each kind. */
const LONG = 0.3
const OF_WRAPPERS: readonly Stay[] = ['frozen wrapper', 'hidden program', 'stale side files']

export interface Life {
  bot: Bot
  /** A long life, and who waits beside it. */
  stay?: { what: Stay; rivals: Bot[] }
  end: End
  mishap: Mishap
  /** 0 to 1: how long or how late the mishap is. */
  part: number
  /** Milliseconds that it serves; a long life serves for several TTLs. */
  servesMs: number
  /** Milliseconds between the SIGTERM and the start of the next one. */
  overlapMs: number
  /** Milliseconds by which its wall clock is wrong. */
  skewMs: number
}

export interface Plan {
  lives: Life[]
  /** Who comes after all that, and must serve. */
  last: Bot
  /** Who stands still for longer than the TTL then: in process, and as a command. */
  frozen: Bot[]
}

export interface PlanOptions {
  seed: number
  restarts: number
  store: 'file' | 'http' | 'sql'
  bots?: readonly Bot[] | undefined
  /** Whether disks can be filled on this machine; true unless given. */
  withDisks?: boolean | undefined
  /** Without: no lives of several TTLs beside rivals. */
  withLong?: boolean | undefined
}

/**
 * The same for the same seed. The long lives come first. A quarter of all lives are others that end by a kill, the
 * rest by a restart with a mishap; the moments, the mishaps and the kinds of long lives take turns, so that thirty
 * restarts meet every mishap, and a few seeds every moment.
 */
export function planLives({
  seed,
  restarts,
  store,
  bots = BOTS,
  withDisks = true,
  withLong = true,
}: PlanOptions): Plan {
  const random = seededRandom(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const commands = bots.some((bot) => bot !== 'in process')
    ? bots.filter((bot) => bot !== 'in process')
    : COMMANDS
  const long = withLong ? Math.floor(restarts * LONG) : 0
  const stays = Array.from({ length: long }, (_, n): Life => {
    const what = STAYS[(seed + n) % STAYS.length]!
    // Who opens the session in process is the fastest: nobody else connects before the one he took it from has noticed.
    const fast = bots.includes('in process') ? ('in process' as const) : pick(bots)
    const rivals = [fast, pick(bots), ...(what === 'slow store' ? [fast] : [])]
    const end: End =
      random() < 0.5 ? { by: 'term' } : { by: 'kill', who: what === 'hidden program' ? 'wrapper' : 'dyno' }
    return {
      bot: pick(OF_WRAPPERS.includes(what) ? commands : bots),
      stay: { what, rivals },
      end,
      ...circumstances(random, 'none'),
    }
  })
  const short = restarts - long
  const kills = new Set<number>()
  while (kills.size < Math.floor(restarts / 4)) kills.add(Math.floor(random() * short))
  const ends = killsOf(store)
  const mishaps = mishapsOf(store, withDisks)
  let [killed, stopped] = [seed * 7, seed]
  const lives = Array.from({ length: short }, (_, n): Life => {
    const end: End = kills.has(n) ? ends[killed++ % ends.length]! : { by: 'term' }
    const mishap = kills.has(n) ? 'none' : mishaps[stopped++ % mishaps.length]!
    const ofCommands = (end.by === 'moment' && OF_COMMANDS.includes(end.at)) || mishap === 'full work disk'
    const deaf = bots.find((one) => MAY_BE_DEAF.includes(one)) ?? 'gramjs'
    const bot = mishap === 'deaf bot' ? deaf : pick(ofCommands ? commands : bots)
    return { bot, end, ...circumstances(random, mishap) }
  })
  return {
    lives: [...stays, ...lives],
    last: bots.find((bot) => MAY_BE_DEAF.includes(bot)) ?? 'gramjs',
    frozen: [...bots.filter((bot) => bot === 'in process'), pick(commands)],
  }
}

function circumstances(random: () => number, mishap: Mishap): Omit<Life, 'bot' | 'end' | 'stay'> {
  return {
    mishap,
    part: random(),
    servesMs: 100 + random() * 1200,
    overlapMs: random() * 700,
    skewMs: random() < 0.2 ? (random() < 0.5 ? -600_000 : 600_000) : 0,
  }
}

function mishapsOf(store: PlanOptions['store'], withDisks: boolean): readonly Mishap[] {
  return MISHAPS.filter((mishap) => {
    if (mishap === 'full store') return store === 'file' && withDisks
    if (mishap === 'store down at the stop') return store !== 'file'
    return mishap !== 'full work disk' || withDisks
  })
}

/** In a mixed order that is always the same; none of the lengths is a multiple of 7. */
function killsOf(store: PlanOptions['store']): End[] {
  const moments = [
    ...STEPS,
    ...(store === 'file' ? FILE_MOMENTS : []),
    ...(store === 'file' ? [] : NETWORK_MOMENTS),
  ]
  const at = moments.map((moment, n): End => {
    const nth = /^(file|put)\.head/.test(moment) ? 1 + (n % 3) : 1
    return { by: 'moment', at: moment, who: n % 2 === 0 ? 'wrapper' : 'dyno', nth }
  })
  const random = (['dyno', 'wrapper', 'child'] as const).map((who): End => ({ by: 'kill', who }))
  const all = [...at, ...random, ...random]
  return all.map((_, n) => all[(n * 7) % all.length]!)
}
