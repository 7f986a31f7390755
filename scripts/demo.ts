// The whole life of a session, with nothing configured: `npm run demo`, or with `-- --json` for one object at the end.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { styleText } from 'node:util'
import { demo } from '../src/cli/demo/demo.ts'

const json = process.argv.includes('--json')
const up = path.join(import.meta.dirname, '..')
const root = existsSync(path.join(up, 'Procfile')) ? up : path.join(up, '..')

const result = await demo(root, process.env, (line) => console.log(line))
const { logins, dynos, duplicates, sameKey, revisions, handoverMs } = result
const passed = logins === 1 && dynos === 3 && duplicates === 0 && sameKey && revisions > 0
if (json) console.log(JSON.stringify(result))
else {
  const key = sameKey ? 'the same key throughout' : 'THE KEY CHANGED'
  console.log(
    `\nlogins ${logins} · dynos ${dynos} · AUTH_KEY_DUPLICATED ${duplicates} · ${key} · revisions ${revisions} · handover ${handoverMs} ms`,
  )
  console.log(
    passed
      ? styleText(['green', 'bold'], '✔ passed: one login, three dynos, and the session survived them all')
      : styleText(['red', 'bold'], '✖ failed: a number above is not what it should be'),
  )
}
process.exitCode = passed ? 0 : 1
