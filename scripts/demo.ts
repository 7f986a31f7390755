// The whole life of a session, with nothing configured: `npm run demo`, or with `-- --json` for one object at the end.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { demo } from '../src/cli/demo/demo.ts'

const json = process.argv.includes('--json')
const up = path.join(import.meta.dirname, '..')
const root = existsSync(path.join(up, 'Procfile')) ? up : path.join(up, '..')

const result = await demo(root, process.env, (line) => console.log(line))
const { logins, dynos, duplicates, sameKey, revisions, handoverMs } = result
if (json) console.log(JSON.stringify(result))
else
  console.log(
    `\nlogins ${logins} · dynos ${dynos} · AUTH_KEY_DUPLICATED ${duplicates} · ${sameKey ? 'same key throughout' : 'THE KEY CHANGED'} · ` +
      `revisions saved ${revisions} · handover ${handoverMs} ms`,
  )
process.exitCode = logins === 1 && dynos === 3 && duplicates === 0 && sameKey && revisions > 0 ? 0 : 1
