import type { Command, CommanderError } from 'commander'
import { UsageError } from '../base/errors.ts'
import { secretKind } from '../base/input.ts'

/**
 * What is wrong with a command line, as we say all else. Options and arguments are named and their values never: what was
 * typed may be a URL with a password, or a key, in the wrong place.
 */
export function usageError(
  { code, message }: CommanderError,
  argv: readonly string[],
  commands: readonly Command[],
): UsageError {
  const command = argv.find((word) => commands.some((one) => one.name() === word))
  const help = command === undefined ? 'tgsession --help' : `tgsession ${command} --help`
  return new UsageError('usage.command_line', withoutValues(code, message), { hint: `See \`${help}\`.` })
}

/** Commander's own words quote what was typed in these four. */
function withoutValues(code: string, message: string): string {
  const suggestion = /\(Did you mean [^()]*\)$/.exec(message)?.[0]
  const suggested = suggestion === undefined ? '' : ` ${suggestion}`
  switch (code) {
    case 'commander.unknownOption': {
      const name = /'(--?[a-z][a-z-]{0,30})(?:=.*)?'/s.exec(message)?.[1]
      return `unknown option${name === undefined ? '' : ` ${name}`}${suggested}`
    }
    case 'commander.unknownCommand':
      return `unknown command${suggested}`
    case 'commander.excessArguments':
      return /too many arguments.* but got \d+/s.exec(message)?.[0] ?? 'too many arguments'
    case 'commander.invalidArgument': {
      const what = /(option '[^']+'|argument '[\w-]+')/.exec(
        message.replace(/^error: command-argument value .* is invalid for (?=argument)/s, ''),
      )?.[1]
      const reason = /.* is invalid(?: for argument '[\w-]+')?\. (.*)$/s.exec(message)?.[1]
      return `${what ?? 'an argument'} is not right. ${reason ?? ''}`.trim()
    }
    default:
      return message.replace(/^error: /, '').replaceAll('\n', ' ')
  }
}

/**
 * A secret on the command line is a mistake: everyone who may list processes can read it. It must not get into a
 * message, and so into a log. Throws `UsageError` (`usage.secret`).
 */
export function refuseSecrets(argv: readonly string[]): void {
  const end = argv.indexOf('--')
  const own = end < 0 ? argv : argv.slice(0, end)
  const kind = own.map((word) => secretKind(word.replace(/^--[\w-]+=/, ''))).find((one) => one !== undefined)
  if (kind === undefined) return
  throw new UsageError('usage.secret', `${kind} was given on the command line`, {
    hint: 'Put it into a file or a variable. It now stands in the history of your shell: remove it there.',
  })
}
