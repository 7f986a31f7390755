/** One type of a parameter. `named` is a boxed value of any constructor; `bare` names its only constructor. */
export type TlType =
  | {
      kind:
        | 'int'
        | 'long'
        | 'int128'
        | 'int256'
        | 'double'
        | 'string'
        | 'bytes'
        | 'Bool'
        | 'true'
        | 'flags'
        | 'query'
    }
  | { kind: 'named' }
  | { kind: 'bare'; name: string }
  | { kind: 'vector'; of: TlType; boxed: boolean }

export interface TlParameter {
  name: string
  type: TlType
  /** Present only when this bit of that flags field is set. */
  condition?: { field: string; bit: number }
}

export interface TlConstructor {
  name: string
  id: number
  parameters: TlParameter[]
  /** Ends in `...`: what follows is of no interest and is skipped. */
  open: boolean
  /** The oldest API layer that has this form; 0 for what never changed. */
  layer: number
}

const BASIC = ['int', 'long', 'int128', 'int256', 'double', 'string', 'bytes', 'Bool', 'true'] as const
const isBasic = (text: string): text is (typeof BASIC)[number] => (BASIC as readonly string[]).includes(text)

function parseType(text: string): TlType {
  if (isBasic(text)) return { kind: text }
  if (text === '#') return { kind: 'flags' }
  if (text.startsWith('!')) return { kind: 'query' }
  if (text.startsWith('%')) return { kind: 'bare', name: text.slice(1) }
  const vector = /^(vector)<(.+)>$/i.exec(text)
  if (vector) return { kind: 'vector', of: parseType(vector[2] ?? ''), boxed: vector[1] === 'Vector' }
  return { kind: 'named' }
}

function parseParameter(text: string): TlParameter {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const conditional = /^(\w+)\.(\d+)\?(.+)$/.exec(text.slice(colon + 1))
  if (!conditional) return { name, type: parseType(text.slice(colon + 1)) }
  const [, field = '', bit = '', type = ''] = conditional
  return { name, type: parseType(type), condition: { field, bit: Number(bit) } }
}

/**
 * Lines of TL; `@198` says that what follows has this form from layer 198 on, `@0` that it holds for all. A line
 * that ends with `as before` has the fields of the last form of that name.
 */
export function parseSchema(text: string): TlConstructor[] {
  let layer = 0
  const found: TlConstructor[] = []
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line.startsWith('@')) layer = Number(line.slice(1))
    const match = /^([\w.]+)#([0-9a-f]+)((?: \S+)*?)(?: =.*)?$/.exec(line)
    if (!match) continue
    const [, name = '', id = '', tail = ''] = match
    const before = tail === ' as before' ? found.findLast((each) => each.name === name) : undefined
    const words = tail.split(' ').filter((word) => word !== '')
    const parameters = before?.parameters ?? words.filter((word) => word.includes(':')).map(parseParameter)
    const open = before?.open ?? words.includes('...')
    found.push({ name, id: Number.parseInt(id, 16), parameters, open, layer })
  }
  return found
}
