import { randomBytes } from 'node:crypto'
import { log, outro } from '@clack/prompts'
import { Command, Option } from 'commander'
import { UsageError } from '../../../base/errors.ts'
import { show } from '../../../base/show.ts'
import { type Environment, readSettings } from '../../../config/settings.ts'
import { parseKey } from '../../../seal/key.ts'
import type { Context } from '../../context.ts'
import type { Check } from '../../doctor/check.ts'
import { readDotEnv } from '../../dot-env.ts'
import { appendToEnv, isCommitted, requireEnvFile } from '../../init/env-file.ts'
import { HOSTS, type Target, TARGETS } from '../../init/host-targets.ts'
import { askMissing, askTarget, isMissing, missingOf } from '../../init/questions.ts'
import { atTerminal } from '../../terminal/at-terminal.ts'
import { linesOf, say } from '../../terminal/output.ts'
import { askYesNo, folded, framed, type Terminal } from '../../terminal/terminal.ts'

/** What a host needs, whether it is asked here or set already. */
const NEEDED =
  /^(?:(?:TELEGRAM_)?API_(?:ID|HASH)|TGSESSION_(?:STORE|NAME|KEY|RECIPIENT|ENCRYPTION|HTTPS_AUTHORIZATION)|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|REGION)|FIREBASE_SERVICE_ACCOUNT)$/

export function initCommand(context: Context): Command {
  return new Command('init')
    .description('ask what is needed, make the key, look whether all is well, and write .env')
    .addOption(new Option('--for <host>', 'where the bot will run').choices(TARGETS))
    .addHelpText(
      'after',
      '\nWhat is set already is not asked, and what stands in .env stays. Without a terminal TELEGRAM_API_ID, TELEGRAM_API_HASH\nand TGSESSION_STORE have to be set.\n\nExamples:\n  $ tgsession init\n  $ tgsession init --for heroku      # and prints the commands that follow, without a secret in them',
    )
    .action(async (flags: { for?: Target }) => {
      const env = withDotEnv(context.env)
      requireEnvFile()
      requireAnswers(env, flags.for ?? 'here')
      await atTerminal({}, (terminal) =>
        framed('Set up tgsession', terminal, async () => {
          const target = flags.for ?? (hasPerson() ? await askTarget(terminal) : 'here')
          const asked = hasPerson() ? await askMissing(env, target, terminal) : {}
          const made = { ...asked, ...keyFor(env) }
          const code = await check({ ...env, ...made }, target, terminal)
          context.exit(code)
          if (code !== 0 && !(await goesOn(terminal))) return outro('Nothing was written.', terminal)
          context.exit(0)
          await write(env, made, target, terminal)
        }),
      )
    })
}

/** A variable that is set to nothing, as Compose does it, does not hide what `.env` says: a second key would. */
function withDotEnv(env: Environment): Environment {
  const hidden = Object.entries(readDotEnv()).filter(([name]) => isMissing(env, name))
  return { ...env, ...Object.fromEntries(hidden) }
}

const hasPerson = (): boolean => process.stdin.isTTY && process.stdout.isTTY

/** @throws UsageError init.no_terminal */
function requireAnswers(env: Environment, target: Target): void {
  const missing = missingOf(env, target)
  if (missing.length === 0 || hasPerson()) return
  throw new UsageError('init.no_terminal', `${missing.join(', ')} not set, and no terminal here to ask at`, {
    hint: 'Run it where you can type, or set them in the environment or in .env. Nothing was written.',
  })
}

/** A new key, unless something says how to encrypt. */
function keyFor(env: Environment): Record<string, string> {
  const isSaid = ['TGSESSION_KEY', 'TGSESSION_RECIPIENT', 'TGSESSION_ENCRYPTION'].some(
    (name) => !isMissing(env, name),
  )
  return isSaid ? {} : { TGSESSION_KEY: parseKey(randomBytes(32).toString('hex')) }
}

/** What `doctor` finds; of a host's own store, which is not reached from here, the settings alone. Returns its exit code. */
async function check(env: Environment, target: Target, terminal: Terminal): Promise<number> {
  if (isMissing(env, 'TGSESSION_STORE') && HOSTS[target].own) {
    await readSettings(env, { api: true })
    return 0
  }
  // The SDK of AWS reads these there.
  for (const [name, value] of Object.entries(env)) if (name.startsWith('AWS_')) process.env[name] = value
  const { diagnose } = await import('../../doctor/diagnose.ts')
  const checks = await diagnose(() => readSettings(env, { store: true, api: true }), env)
  log.step('What `tgsession doctor` finds:', terminal)
  for (const one of checks) tell(one, terminal)
  return checks.find(({ state }) => state === 'failed')?.exitCode ?? 0
}

function tell({ check: what, state, detail, hint, code }: Check, terminal: Terminal): void {
  const how = { ...terminal, spacing: 0 }
  const [first = '', ...more] = [...linesOf(code, detail), ...(hint === undefined ? [] : [hint])]
  const text = [`${what}: ${first}`, ...more].map((line) => folded(show(line), terminal)).join('\n')
  if (state === 'failed') log.error(text, how)
  else if (state === 'warning') log.warn(text, how)
  else if (state === 'ok') log.success(text, how)
}

async function goesOn(terminal: Terminal): Promise<boolean> {
  return hasPerson() && (await askYesNo('Something is wrong. Write .env all the same?', terminal))
}

async function write(
  env: Environment,
  made: Record<string, string>,
  target: Target,
  terminal: Terminal,
): Promise<void> {
  const there = readDotEnv()
  const fromShell =
    target === 'here'
      ? []
      : Object.entries(env).filter(([name, value]) => NEEDED.test(name) && !(name in there) && value)
  const settings = { ...Object.fromEntries(fromShell.map(([name, value]) => [name, value ?? ''])), ...made }
  if (Object.keys(settings).length > 0) {
    await appendToEnv(settings)
    log.success(
      folded(`Written to .env, for your eyes only: ${Object.keys(settings).join(', ')}`, terminal),
      terminal,
    )
  }
  if (isCommitted()) log.warn('git does not ignore .env: add it to .gitignore before you commit', terminal)
  if ('TGSESSION_KEY' in made)
    log.warn(
      folded(
        'Keep a copy of TGSESSION_KEY where you keep passwords: without it the stored session cannot be read.',
        terminal,
      ),
      terminal,
    )
  const names = Object.keys(readDotEnv()).filter((name) => NEEDED.test(name))
  const usesOwnStore = !names.includes('TGSESSION_STORE')
  outro(`What comes next${target === 'here' ? '' : '; more is in docs/hosts'}:`, terminal)
  // Outside of the frame: to be copied.
  say(...HOSTS[target].commands(names, usesOwnStore).map((line) => `  ${line}`))
}
