// What the Procfile starts: fetch the session, hold the lease, run the bot, save what it changes.
import { quickStart } from '../src/cli/quick-start.ts'

quickStart()
const { main } = await import('../src/cli/program.ts')
process.exitCode = await main(['run', '--', ...process.argv.slice(2)])
