import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { CommanderError } from 'commander'
import { program } from '../../src/cli/program.ts'
import { isShort, type Named, namedCommands } from '../support/docs/named-commands.ts'

const root = path.join(import.meta.dirname, '..', '..')
// The reference of commands is the program's own help, word for word: test/repository.test.ts.
const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'src/**/README.md'], { cwd: root })
  .filter((name) => !name.endsWith('reference/commands.md') && name !== 'CHANGELOG.md')
  .toSorted()
const named = pages.flatMap((page) => namedCommands(page, readFileSync(path.join(root, page), 'utf8')))

/** What is wrong with it as the program parses it, without doing anything; undefined if it parses. */
function wrong({ words, isWhole }: Named): string | undefined {
  const whole = program({ env: {}, exit: () => undefined })
  const silent = { writeOut: () => undefined, writeErr: () => undefined }
  whole.configureOutput(silent)
  for (const one of whole.commands)
    one
      .configureOutput(silent)
      .exitOverride()
      .action(() => undefined)
  const command = whole.commands.find((one) => one.name() === words[0])
  if (command === undefined) return `there is no command ${words[0]}`
  const at = words.indexOf('--session-env')
  const format = at < 0 ? undefined : words[at + 1]?.split('=')[1]
  const known = command.options.find(({ long }) => long === '--session-env')?.description ?? ''
  if (format !== undefined && !new RegExp(`[(, ]${format}[,)]`).test(known))
    return `--session-env knows no ${format}`
  try {
    whole.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // A sentence may name a command without all that it needs.
    const isShortened = !isWhole && /^commander\.(?:missingArgument|optionMissingArgument)$/.test(error.code)
    return isShortened || error.exitCode === 0 ? undefined : error.message
  }
  return undefined
}

describe('commands that the docs name', () => {
  it('are found in blocks, in sentences and in JSON', () => {
    const lines = named.map(({ words }) => words.join(' '))
    assert.ok(named.filter(({ isWhole }) => isWhole).length > 30, `${named.length} found`)
    for (const one of [
      'keygen --recipient',
      'run --health 0.0.0.0:8080',
      'run -- python3 -u bot.py',
      'login',
    ])
      assert.ok(
        lines.some((line) => line.startsWith(one)),
        one,
      )
  })

  for (const page of new Set(named.map((one) => one.page)))
    it(`${page}: exist, with their options`, () => {
      const lost = named
        .filter((one) => one.page === page)
        .map((one) => ({ one, why: wrong(one) }))
        .filter(({ why }) => why !== undefined)
      assert.deepEqual(
        lost.map(({ one, why }) => `${one.words.join(' ')}: ${why}`),
        [],
      )
    })

  it('would be missed', () => {
    const text =
      '```sh\nnpx tgsession run --helth 1 -- x\nheroku run -- login --qrr\ntgsession frob\ntgsession pull a b\n```\n'
    assert.deepEqual(
      namedCommands('x.md', text).map((one) => wrong(one) !== undefined),
      [true, true, true, true],
    )
    assert.ok(namedCommands('x.md', 'Use `login --nothing`.').every((one) => wrong(one) !== undefined))
    assert.ok(isShort('pull --copy'))
  })
})

describe('scripts that the docs name', () => {
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const scripts = Object.keys(Object(Object(manifest).scripts))

  for (const page of pages)
    it(`${page}: exist`, () => {
      const text = readFileSync(path.join(root, page), 'utf8')
      for (const [, name = ''] of text.matchAll(/\bnpm run (?:--silent |-s )?([a-z][a-z:-]*)/g))
        assert.ok(scripts.includes(name), `npm run ${name}`)
    })
})
