// CI's way in: stores a session file. TGSESSION_RECIPIENT is enough; the key that decrypts stays on the host.
import { main } from '../src/cli/program.ts'

process.exitCode = await main(['push', ...process.argv.slice(2)])
