/** A command line of ours that a page names. */
export interface Named {
  page: string
  /** After the program's name, as a shell would split them; what a shell would do with the rest is left out. */
  words: string[]
  /** From a code block, where it is meant to be typed as it is; not from a sentence. */
  isWhole: boolean
}

/** How the docs start the program: by its name, by its file, through npm, through an image or a dyno. */
const START = [
  /(?<![\w/.=-])tgsession (?=[a-z])/g,
  /(?:dist\/src\/cli\/main\.js|src\/cli\/main\.ts) (?=[a-z])/g,
  /\bheroku run (?:-- )?"?(?=login)/g,
  /\bmy-bot (?=login)/g,
  /\brun --rm bot (?=login)/g,
  /\bcmd: (?=run )/g,
]
const UPLOAD = /\bnpm run (?:--silent )?upload --? ?/g
const SHORT =
  /^(?:login|run|status|doctor|push|pull|convert|list|import|export|rollback|unlock|delete|keygen) (?:[^`]* )?-{1,2}[a-z]/

/** Whether a code span of a sentence is one of our commands without the program's name, as in `login --qr`. */
export const isShort = (span: string): boolean => SHORT.test(span)

export function namedCommands(page: string, text: string): Named[] {
  const found: Named[] = []
  let isBlock = false
  for (const here of text.replaceAll('\\\n', ' ').split('\n')) {
    if (/^\s*```/.test(here)) {
      isBlock = !isBlock
      continue
    }
    const spans = isBlock ? [here] : [...here.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
    for (const span of spans)
      for (const words of inSpan(span, isBlock)) found.push({ page, words, isWhole: isBlock })
  }
  return found
}

function inSpan(span: string, isBlock: boolean): string[][] {
  const text = span
    .replace(/"args": \[(.*)\]/, (_, list: string) => list.replaceAll(/", "/g, ' ').replaceAll('"', ''))
    .replaceAll('\\|', '|')
  const starts = START.flatMap((start) =>
    [...text.matchAll(start)].map((match) => match.index + match[0].length),
  )
  const lines = starts.map((start) => split(text.slice(start)))
  for (const match of text.matchAll(UPLOAD))
    lines.push(['push', ...split(text.slice(match.index + match[0].length))])
  if (!isBlock && starts.length === 0 && isShort(text)) lines.push(split(text))
  return lines
}

/** Words, until the shell would begin something else. */
function split(text: string): string[] {
  const words: string[] = []
  for (const match of text.matchAll(/\s*("[^"]*"|'[^']*'|\d?[|;&<>#)`]|[^\s|;&<>)`'"]+["')]*)/g)) {
    const word = match[1] ?? ''
    if (/^\d?[|;&<>#)`]/.test(word)) break
    words.push(word === '…' ? '1' : word.replaceAll(/^["']|["')]+$/g, ''))
    if (/["')]$/.test(word) && !/^["']/.test(word)) break
  }
  return words
}
