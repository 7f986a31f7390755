// What the Procfile starts: fetch the session, hold the lease, run the bot, save what it changes.
import { main } from '../src/cli/program.ts'

process.exitCode = await main(['run', '--', ...process.argv.slice(2)])
