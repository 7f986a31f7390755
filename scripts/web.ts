// What the Procfile starts as `web`: the login page, until it is scaled to 0.
import { quickStart } from '../src/cli/quick-start.ts'

quickStart()
const { main } = await import('../src/cli/program.ts')
process.exitCode = await main(['web', ...process.argv.slice(2)])
