// Writes docs/reference/commands.md from the commands themselves: `npm run commands`. A test compares the two.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describeCommands } from '../src/cli/describe-commands.ts'

writeFileSync(path.join(import.meta.dirname, '..', 'docs', 'reference', 'commands.md'), describeCommands())
