import { main } from '../src/cli/program.ts'

process.exitCode = await main(['login', ...process.argv.slice(2)])
