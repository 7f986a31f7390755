import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * docs/reference/errors.md, made of the sources: every code with its exit code, its words and its hint stands where it is
 * thrown, and nowhere else. `npm run docs` writes it; a test fails where it is not current.
 */
const ROOT = path.join(import.meta.dirname, '..')
const FILE = path.join(ROOT, 'docs', 'reference', 'errors.md')

interface Entry {
  exit: number
  messages: string[]
  hints: string[]
}

/** Of codes whose words are put together elsewhere. */
const TOLD_ELSEWHERE: Record<string, [message: string, hint: string]> = {
  'client.unsupported_version': ['version … of … is not one that tgsession knows the inside of', ''],
  'container.queue_full': ['the changes of … no longer fit into the queue', ''],
  'head.corrupt': [
    '',
    'Restore head.json from a backup of the store. Or take the session out by hand (docs/recovery.md), delete the name, and push the session again.',
  ],
  'key.malformed': [
    '',
    'Make one with `tgsession keygen`; on Heroku the button makes 64 hex digits by itself.',
  ],
  'login.incomplete': ['Telegram did not say everything that a session needs', ''],
  'node.too_old': ['tgsession needs Node.js 22.19 or newer; this is …', ''],
  'run.no_folder': ['no folder for the session can be made in …', ''],
  'session.bad_file': ['this is not what Telegram answered to an upload', ''],
  'session.claimed': [
    '',
    'Two names with one auth key end in AUTH_KEY_DUPLICATED. Delete the other with `tgsession delete`, or log in a second time.',
  ],
  'session.read_failed': ['… could not be read (…)', 'Check the disk; the session may well be there.'],
  'session.write_failed': [
    '… could not be written (…)',
    'Check that the disk has room. What was there before is untouched.',
  ],
  'store.lost_disk': [
    '… lies on a disk that this host empties at every restart',
    'Use a bucket, a database or a mounted volume; --yes to try things out.',
  ],
  'store.untrusted': [
    '',
    'The certificate: its authority (NODE_EXTRA_CA_CERTS), its date, or its host name.',
  ],
  'telegram.key_revoked': ['', 'Log in again, unless the account is banned or deleted: the words say which.'],
  'usage.command_line': ['an option, an argument or a command that is not known, missing or not right', ''],
}

/** The classes of src/base/errors.ts with what the CLI ends with. */
export function exitCodes(): Map<string, number> {
  const source = readFileSync(path.join(ROOT, 'src', 'base', 'errors.ts'), 'utf8')
  const found = source.matchAll(/class (\w+) extends TgsessionError \{\s+readonly exitCode = (\d+)/g)
  return new Map([...found].map(([, name = '', exit]) => [name, Number(exit)]))
}

export function errorCodes(): Map<string, Entry> {
  const exits = exitCodes()
  const entries = new Map<string, Entry>()
  const add = (code: string, exit: number, message: string, hint: string): void => {
    const entry = entries.get(code) ?? { exit, messages: [], hints: [] }
    if (message !== '' && !entry.messages.includes(message)) entry.messages.push(message)
    if (hint !== '' && !entry.hints.includes(hint)) entry.hints.push(hint)
    entries.set(code, entry)
  }
  for (const file of globSync('src/**/*.ts', { cwd: ROOT }).toSorted()) {
    if (file.startsWith(path.join('src', 'fake-dc'))) continue
    const source = readFileSync(path.join(ROOT, file), 'utf8')
    for (const { 0: start, 1: name = '', index } of source.matchAll(/new (\w+Error)\(/g)) {
      const exit = exits.get(name)
      if (exit === undefined) continue
      const [code = '', message = '', details = ''] = argumentsAt(source, index + start.length)
      const hint = /\bhint:\s*([^]*)/.exec(details)?.[1] ?? ''
      for (const literal of strings(code)) add(literal, exit, words(message), words(firstOf(hint)))
    }
    // Two rooms throw by way of a function that puts the first half of the code on.
    for (const { 0: start, 1: name = '', index } of source.matchAll(/(?<![\w.])(bad|invalid)\(/g)) {
      const [reason = '', message = '', hint = ''] = argumentsAt(source, index + start.length)
      const code = /^'([a-z_]+)'$/.exec(reason)?.[1]
      const room =
        file.includes('session') && name === 'bad' ? 'session' : file.includes('login') ? 'login' : undefined
      if (code !== undefined && room !== undefined)
        add(`${room}.${code}`, room === 'login' ? 78 : 65, words(message), words(hint))
    }
    for (const [, code = '', message = '', rest = ''] of source.matchAll(
      /code: '([a-z_]+\.[a-z_]+)',\s+message: ('[^']*'|"[^"]*"),\s+(hint: [^]*?)\n\s*\}/g,
    )) {
      const hint = /hint: ('[^']*'|"[^"]*")/.exec(rest)?.[1] ?? ''
      add(code, rest.includes('ConfigurationError') ? 78 : 76, words(message), words(hint))
    }
  }
  return new Map(
    [...entries].filter(([code]) => /^[a-z_]+\.[a-z_]+$/.test(code)).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** What stands between the parenthesis before `at` and its end, at its commas. */
function argumentsAt(source: string, at: number): string[] {
  const parts = ['']
  let quote = ''
  let depth = 0
  for (let index = at; index < source.length; index += 1) {
    const character = source.charAt(index)
    if (quote !== '') {
      if (character === '\\') parts.push(`${parts.pop()}${character}${source.charAt(++index)}`)
      else {
        if (character === quote) quote = ''
        parts.push(`${parts.pop()}${character}`)
      }
      continue
    }
    if (`'"\``.includes(character)) quote = character
    if ('([{'.includes(character)) depth += 1
    if (')]}'.includes(character) && --depth < 0) break
    if (character === ',' && depth === 0) parts.push('')
    else parts.push(`${parts.pop()}${character}`)
  }
  return parts.map((part) => part.trim())
}

function firstOf(text: string): string {
  return argumentsAt(`${text})`, 0)[0] ?? ''
}

/** The text of an expression: its literals, with … for what is put in. A choice gives both of its texts. */
function words(expression: string): string {
  const found = expression.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? []
  const texts = found.map((literal) =>
    literal
      .slice(1, -1)
      .replaceAll(/\$\{(?:[^{}`]|`[^`]*`|\{[^}]*\})*\}/g, '…')
      .replaceAll(/\\(.)/g, '$1'),
  )
  return (
    expression.includes('?') ? texts.filter((text) => text.length > 12).join(' / ') : texts.join('')
  ).trim()
}

function strings(expression: string): string[] {
  return (expression.match(/'[a-z_.]+'/g) ?? []).map((literal) => literal.slice(1, -1))
}

function cell(texts: string[]): string {
  return texts.slice(0, 3).join('<br>').replaceAll('|', '\\|').replaceAll('\n', ' ')
}

export function errorsPage(): string {
  const rows = [...errorCodes()].map(([code, { exit, messages, hints }]) => {
    const [message = '', hint = ''] = TOLD_ELSEWHERE[code] ?? []
    return `| \`${code}\` | ${exit} | ${cell(messages) || message} | ${cell(hints) || hint} |`
  })
  return `# Errors

Every failure has a code, which stays, and which \`--json\` and the library give; words; a hint; and the exit code of the
command. "…" stands for what differs. Made of the sources by \`npm run docs\`: do not edit.

| code | exit | what it says | what to do |
|---|---|---|---|
${rows.join('\n')}
`
}

/** Codes without words or without a hint in the page. */
export function untold(page: string): string[] {
  return [...page.matchAll(/^\| `([^`]+)` \|.*\|  \|/gm)].map(([, code = '']) => code)
}

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, errorsPage())
