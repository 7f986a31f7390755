import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { undressValue } from '../base/input.ts'
import type { Environment } from '../config/settings.ts'
import { checkCommand } from './commands/account/check.ts'
import { forkCommand } from './commands/account/fork.ts'
import { logoutCommand } from './commands/account/logout.ts'
import { configCommand } from './commands/host/config.ts'
import { convertCommand } from './commands/session/convert.ts'
import { copyCommand } from './commands/store/copy.ts'
import { deleteCommand } from './commands/store/delete.ts'
import { doctorCommand } from './commands/host/doctor.ts'
import { exportCommand } from './commands/session/export.ts'
import { historyCommand } from './commands/store/history.ts'
import { importCommand } from './commands/session/import.ts'
import { initCommand } from './commands/host/init.ts'
import { inspectCommand } from './commands/session/inspect.ts'
import { keygenCommand } from './commands/host/keygen.ts'
import { listCommand } from './commands/store/list.ts'
import { loginCommand } from './commands/account/login.ts'
import { promoteCommand } from './commands/store/promote.ts'
import { pullCommand } from './commands/session/pull.ts'
import { pushCommand } from './commands/session/push.ts'
import { resealCommand } from './commands/store/reseal.ts'
import { rollbackCommand } from './commands/store/rollback.ts'
import { runCommand } from './commands/host/run.ts'
import { statusCommand } from './commands/store/status.ts'
import { webCommand } from './commands/account/web.ts'
import { unlockCommand } from './commands/store/unlock.ts'
import { refuseSecrets, usageError } from './command-line.ts'
import type { Context } from './context.ts'
import { readDotEnv } from './dot-env.ts'
import { note, printError } from './terminal/output.ts'

/** Reads the command line, does one thing, and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  outliveReaders()
  let env: Environment | undefined
  const context: Context = {
    get env() {
      return (env ??= readEnvironment())
    },
    exit: (code) => (exitCode = code),
  }
  const root = program(context)
  try {
    refuseSecrets(argv)
    await root.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    // Without a command the help was already printed.
    if (error instanceof CommanderError && error.code === 'commander.help') return 64
    const problem = error instanceof CommanderError ? usageError(error, argv, root.commands) : error
    const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv
    // The standard output of `run` is its command's.
    return printError(problem, {
      json: own.includes('--json'),
      stream: own.includes('run') ? 'stderr' : 'stdout',
    })
  }
}

/** The reader of our output may end first (`| head`, a log that ends): no reason to drop a session in use. */
function outliveReaders(): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') return
    // A full disk behind a redirection. The command was carried out, but its answer is lost.
    if (process.exitCode !== 69)
      note(`tgsession: standard output cannot be written (${error.code ?? 'unknown'})`)
    process.exitCode = 69
  })
}

/** The whole command line, not yet parsed. */
export function program(context: Context): Command {
  const root = new Command('tgsession')
    .description('Log in to Telegram once; the session survives every restart, on every host.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: true })
    .enablePositionalOptions()
    .addHelpCommand(
      new Command('help').argument('[command]').description('the same as --help').helpGroup('Set-up:'),
    )
    .addHelpText('after', EXAMPLES)
  const add = (heading: string, commands: Command[]): void => {
    root.commandsGroup(heading)
    for (const command of commands) root.addCommand(command.copyInheritedSettings(root))
  }
  const of = (...commands: ((context: Context) => Command)[]): Command[] =>
    commands.map((command) => command(context))
  add('Everyday:', of(loginCommand, webCommand, runCommand, statusCommand, doctorCommand))
  add('Account:', of(checkCommand, forkCommand, logoutCommand))
  add('Sessions:', of(pushCommand, pullCommand, inspectCommand, convertCommand, listCommand))
  add(
    'Containers (many sessions in one SQL database; `list` takes --container, too):',
    of(importCommand, exportCommand),
  )
  add('Moving:', of(copyCommand, resealCommand))
  add('Recovery:', of(historyCommand, rollbackCommand, promoteCommand, unlockCommand, deleteCommand))
  add('Set-up:', of(initCommand, keygenCommand, configCommand))
  return root
}

function version(): string {
  const manifest: unknown = createRequire(import.meta.url)('tgsession/package.json')
  return String(Object(manifest).version)
}

const EXAMPLES = `
Examples:
  $ tgsession init                            ask what is needed, make the key, write .env
  $ tgsession login                           log in once, store the session
  $ tgsession run -- python -u bot.py         keep it alive around a bot
  $ tgsession status                          who uses it, what is saved
  $ tgsession doctor                          what is wrong, and what to do about it

Settings come from the environment or from .env: see \`tgsession config\`.`

/**
 * The environment wins over .env: a host's setting is never overruled by a file that was left behind. What the file says
 * goes into the process's own environment, where the SDKs of AWS and Google look for their credentials.
 */
function readEnvironment(): Environment {
  for (const [name, value] of Object.entries(readDotEnv())) process.env[name] ??= value
  // The SDK of AWS takes a line end behind a key for a part of it, and fails in the middle of a request.
  for (const [name, value = ''] of Object.entries(process.env))
    if (name.startsWith('AWS_')) process.env[name] = undressValue(value, name)
  return { ...process.env }
}
