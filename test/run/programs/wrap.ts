// Runs the shell's LINE as a command, as `run` does. With TTL its lease has just been renewed, and is never again.
import { systemClock } from '../../../src/base/clock.ts'
import { Command } from '../../../src/run/command/process/command.ts'

const { LINE: line = '', TTL: ttl = '', ...env } = process.env
const ttlMs = Number(ttl)
const onRenewal = (listener: (leftMs: number) => void): (() => void) => {
  listener(ttlMs)
  return () => undefined
}
const command = new Command({
  argv: ['sh', '-c', line],
  session: {},
  env,
  passEnv: false,
  clock: systemClock,
  lease: ttlMs > 0 ? { ttlMs, onRenewal } : undefined,
})
process.stdout.write(`ended ${await command.ended}\n`)
