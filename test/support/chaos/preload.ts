// Loaded into a dyno's processes before anything else (`node --import`), as the chaos run tells it by CHAOS_*:
// kills the process or the whole dyno at a named moment, gives it a wall clock that is wrong or jumps, makes a bot deaf,
// and a folder store slow.
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { WeatherFile } from './way/weather.ts'

const { CHAOS_DIE_AT: dieAt = '', CHAOS_WHO: who = '', CHAOS_DEAF: deaf, TGSESSION_FILE: file } = process.env
let skewMs = Number(process.env['CHAOS_SKEW_MS'] ?? 0)
const jumpMs = Number(process.env['CHAOS_JUMP_MS'] ?? 0)
const [moment, nth = '1'] = dieAt.split('#')
let left = Number(nth)

function reached(name: unknown): void {
  if (name === 'save.captured') skewMs += jumpMs
  if (name !== moment || --left > 0) return
  // Zero is the whole process group, and so the dyno.
  process.kill(who === 'dyno' ? 0 : process.pid, 'SIGKILL')
}

subscribe('tgsession.step', reached)

const { CHAOS_WEATHER: weather } = process.env
if (weather || moment?.startsWith('file.')) {
  // In a file store a write happens in the moment of a rename.
  const { rename, readdir } = fs.promises
  fs.promises.rename = async (from, to) => {
    const part = /\bhead\.json\b/.test(String(to))
      ? 'head'
      : /\brevisions\b/.test(String(to))
        ? 'revision'
        : null
    await passing(String(to), part === 'head')
    if (part) reached(`file.${part}.before`)
    await rename(from, to)
    if (part) reached(`file.${part}.after`)
  }
  const list = async (folder: string): Promise<string[]> => {
    await passing(folder, false)
    return await readdir(folder)
  }
  Object.assign(fs.promises, {
    readdir: async (folder: string, options?: object) =>
      options === undefined ? await list(folder) : await readdir(folder, options),
  })
  syncBuiltinESMExports()
}

let headWrites = 0

/** Until the weather lets a request through; only the objects themselves have any. */
async function passing(location: string, isWriteOfHead: boolean): Promise<void> {
  if (!weather || !location.includes('/.versions/keys/')) return
  if (isWriteOfHead && headWrites++ % 2 === 0) await sleep(WeatherFile.read(weather).slowMs)
  for (;;) {
    const { isSilent, holdsWrites } = WeatherFile.read(weather)
    if (!isSilent && !(holdsWrites && isWriteOfHead)) return
    await sleep(20)
  }
}

if (skewMs !== 0 || jumpMs !== 0) {
  const RealDate = Date
  const wrong = (): number => RealDate.now() + skewMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given) => Reflect.construct(target, given.length === 0 ? [wrong()] : given),
    get: (target, name) => (name === 'now' ? wrong : Reflect.get(target, name)),
  })
}

// `tgsession run` has no TGSESSION_FILE; its command has.
if (deaf && file) {
  process.on('SIGTERM', () => undefined)
  // What `once` takes comes by here, too.
  const on = process.on.bind(process)
  Object.assign(process, {
    on: (event: NodeJS.Signals, listener: () => void) =>
      event === 'SIGTERM' ? process : on(event, listener),
  })
}
