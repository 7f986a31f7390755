import { type Step, STEPS } from '../../src/run/step.ts'

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

/** How the life of a dyno ends. */
export type End =
  /** The host's restart; `early`: before it serves, wherever it is by then. */
  | { by: 'term'; early: boolean }
  /** kill -9 at any time, of everything, of `tgsession run`, or of the bot. */
  | { by: 'kill'; who: 'dyno' | 'wrapper' | 'child' }
  /** kill -9 at that moment; the `nth` time that it comes. */
  | { by: 'moment'; at: Moment | NetworkMoment; who: 'dyno' | 'wrapper'; nth: number }

export interface Life {
  end: End
  /** How many others want the same session at the same time. */
  rivals: number
  /** Milliseconds that it serves. */
  servesMs: number
  /** Milliseconds between the SIGTERM and the start of the next one. */
  overlapMs: number
  /** Share of the lease's TTL for which all of it stands still; 0 for none. */
  freeze: number
  /** Milliseconds by which its wall clock is wrong. */
  skewMs: number
  /** CI stores a session while it runs. */
  upload: boolean
}

const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)]!

/** Lives, the same for the same seed. A quarter of them end by a kill; the moments take turns, also from seed to seed. */
export function planLives(
  count: number,
  options: { seed: number; random: () => number; store: 'file' | 'http' | 'other' },
): Life[] {
  const { seed, random } = options
  const kills = new Set<number>()
  while (kills.size < Math.floor(count / 4)) kills.add(Math.floor(random() * count))
  const ways = killsOf(options.store)
  let turn = seed * 7
  return Array.from({ length: count }, (_, n): Life => {
    const isKill = kills.has(n)
    const end = isKill ? ways[turn++ % ways.length]! : ({ by: 'term', early: random() < 0.12 } as const)
    // Who dies at a moment of his own must be the one that gets there.
    const crowded = n % 10 === 4 || n % 10 === 7
    const rivals = end.by === 'moment' || !crowded ? 0 : n % 10 === 4 ? 1 : 4
    return {
      end,
      rivals,
      servesMs: 100 + random() * 1500,
      overlapMs: random() * 700,
      freeze: random() < 0.12 ? 0.2 + random() * 0.4 : 0,
      skewMs: random() < 0.2 ? pick(random, [-600_000, 600_000]) : 0,
      upload: random() < 0.08,
    }
  })
}

/** In a mixed order that is always the same; none of the lengths (22, 22, 18) is a multiple of 7. */
function killsOf(store: 'file' | 'http' | 'other'): End[] {
  const moments = [
    ...STEPS,
    ...(store === 'file' ? FILE_MOMENTS : []),
    ...(store === 'http' ? NETWORK_MOMENTS : []),
  ]
  const at = moments.flatMap((moment, n): End[] => {
    const nth = /^(file|put)\.head/.test(moment) ? 1 + (n % 3) : 1
    const who = n % 2 === 0 ? ('wrapper' as const) : ('dyno' as const)
    return [{ by: 'moment', at: moment, who, nth }]
  })
  const random = (['dyno', 'wrapper', 'child'] as const).map((who): End => ({ by: 'kill', who }))
  const all = [...at, ...random, ...random]
  return all.map((_, n) => all[(n * 7) % all.length]!)
}
