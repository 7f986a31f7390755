import type { Command } from 'commander'
import { program } from './program.ts'

const HEAD = `# Commands

Written by \`npm run commands\` from the program itself. \`tgsession COMMAND --help\` says the same.
`

/** The reference of all commands, as Markdown: what each prints for \`--help\`. */
export function describeCommands(): string {
  const root = program({ env: {}, exit: () => undefined })
  const commands = root.commands.filter((command) => command.name() !== 'help')
  const parts = commands.map((command) => `## ${command.name()}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`)
  return [HEAD, ...parts].join('\n')
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trimEnd()
}
