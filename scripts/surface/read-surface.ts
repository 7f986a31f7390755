import { createHash } from 'node:crypto'
import { realpathSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ModifierFlags, type Node } from 'typescript/unstable/ast'
import * as is from 'typescript/unstable/ast/is'
import {
  API,
  type Checker,
  type Project,
  type Symbol,
  SymbolFlags,
  type Type,
} from 'typescript/unstable/sync'
import { emitDeclarations, ENTRIES } from './declarations.ts'

/** What the entries export, as a user's compiler and editor see it. */
export interface Surface {
  /** Every exported declaration, without its comments. */
  text: string
  /** Of the text and of all comments. */
  hash: string
  /** The names that each entry exports, types included. */
  names: Record<string, string[]>
  /** `Name` or `Name.member` without a docblock. */
  undocumented: string[]
  /** Functions and classes without an `@example`. */
  withoutExample: string[]
  /** `Name: Type`: a signature names a type of ours that no entry exports. */
  notExported: string[]
  examples: { name: string; code: string }[]
}

interface Exported {
  name: string
  entry: string
  symbol: Symbol
  nodes: Node[]
  /** By `export type`. */
  isType: boolean
}

export function readSurface(): Surface {
  const folder = emitDeclarations()
  try {
    return surfaceOf(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** As `emitDeclarations` left it in a folder. */
export function surfaceOf(declarations: string): Surface {
  const folder = realpathSync(declarations)
  const api = new API({ cwd: folder })
  try {
    const config = path.join(folder, 'tsconfig.json')
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config)
    if (!project) throw new Error('the declarations were not read')
    return describe(project, folder)
  } finally {
    api.close()
  }
}

function describe(project: Project, folder: string): Surface {
  const { checker, emitter } = project
  const names: Record<string, string[]> = {}
  const found = new Map<number, Exported>()
  const parts: string[] = []
  const comments: unknown[] = []
  for (const [entry, file] of Object.entries(ENTRIES)) {
    const source = project.program.getSourceFile(path.join(folder, `src/${file}.d.ts`))
    const module = source && checker.getSymbolAtLocation(source)
    if (!module) throw new Error(`${entry} exports nothing`)
    const exported = checker.getExportsOfModule(module).map((alias) => {
      const symbol = resolved(checker, alias)
      const nodes = symbol.declarations.flatMap((handle) => handle.resolve() ?? [])
      return { name: alias.name, entry, symbol, nodes, isType: isTypeOnly(alias) }
    })
    const sorted = exported.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    names[entry] = sorted.map(({ name }) => name)
    parts.push(`# ${entry}`)
    comments.push(source.text)
    for (const each of sorted) {
      const first = found.get(each.symbol.id)
      found.set(each.symbol.id, first ?? each)
      const printed = each.nodes.map((node) => withoutPrivate(emitter.printNode(node)))
      parts.push(first ? `${each.name}: see ${first.entry}` : printed.join('\n'))
    }
  }
  const all = [...found.values()]
  const documents = all.flatMap((each) => [each.symbol, ...membersOf(checker, each)])
  for (const symbol of documents)
    comments.push(checker.getDocumentationCommentOfSymbol(symbol), checker.getJsDocTagsOfSymbol(symbol))
  const text = `${parts.join('\n\n')}\n`
  return {
    text,
    hash: createHash('sha256').update(text).update(JSON.stringify(comments)).digest('hex'),
    names,
    undocumented: all.flatMap((each) => undocumented(checker, each)),
    withoutExample: all
      .filter((each) => needsExample(checker, each) && examplesOf(checker, each.symbol).length === 0)
      .map(({ entry, name }) => `${entry}: ${name}`),
    notExported: all.flatMap((each) => notExported(checker, each, found, folder)),
    examples: all.flatMap(({ name, entry, symbol }) =>
      examplesOf(checker, symbol).map((code) => ({ name: `${name} of ${entry}`, code })),
    ),
  }
}

function resolved(checker: Checker, symbol: Symbol): Symbol {
  return symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

function isTypeOnly({ declarations }: Symbol): boolean {
  const node = declarations[0]?.resolve()
  const statement = node?.parent.parent
  if (!node || !is.isExportSpecifier(node)) return false
  return (
    node.isTypeOnly || (statement !== undefined && is.isExportDeclaration(statement) && statement.isTypeOnly)
  )
}

function withoutPrivate(text: string): string {
  return text.replaceAll(/^\s*(?:#private;|private .*;)\n/gm, '')
}

/** What a class, interface or object type declares itself, its constructor included. */
function membersOf(checker: Checker, { symbol, nodes }: Exported): Symbol[] {
  if (symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface))
    return [...symbol.getMembers().values(), ...symbol.getExports().values()].filter(isMember)
  const isObject = nodes.some((node) => is.isTypeAliasDeclaration(node) && is.isTypeLiteralNode(node.type))
  return isObject ? [...checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))] : []
}

const MEMBERS =
  SymbolFlags.Property |
  SymbolFlags.Method |
  SymbolFlags.Accessor |
  SymbolFlags.Constructor |
  SymbolFlags.Signature

function isMember({ flags, name, declarations }: Symbol): boolean {
  const isPrivate = declarations.some((handle) => {
    const node = handle.resolve()
    return (
      node !== undefined &&
      'modifierFlags' in node &&
      (Number(node.modifierFlags) & ModifierFlags.Private) !== 0
    )
  })
  // Of an index signature nothing can be said.
  return (flags & MEMBERS) !== 0 && !isPrivate && name !== 'prototype' && !/^(?:__index|__#|#)/.test(name)
}

function undocumented(checker: Checker, exported: Exported): string[] {
  const { name, entry, symbol } = exported
  const isSaid = (of: Symbol): boolean => checker.getDocumentationCommentOfSymbol(of).trim() !== ''
  const inherited = basesOf(checker, symbol)
  const members = membersOf(checker, exported).filter(
    (member) =>
      !isSaid(member) &&
      !inherited.some((base) => isSaid(checker.getPropertyOfType(base, member.name) ?? member)),
  )
  return [...(isSaid(symbol) ? [] : [name]), ...members.map((member) => `${name}.${member.name}`)].map(
    (missing) => `${entry}: ${missing}`,
  )
}

/** All that a class or an interface extends. */
function basesOf(checker: Checker, symbol: Symbol): Type[] {
  if (!(symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface))) return []
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const direct = type.isClassOrInterface() ? [...checker.getBaseTypes(type)] : []
  return direct.flatMap((base) => {
    const of = base.getSymbol()
    return of ? [base, ...basesOf(checker, of)] : [base]
  })
}

function examplesOf(checker: Checker, symbol: Symbol): string[] {
  const tags = checker.getJsDocTagsOfSymbol(symbol).filter(({ name }) => name === 'example')
  return tags.map(({ text = '' }) => /```\w*\n([^]*?)```/.exec(text)?.[1] ?? text)
}

/** Every function and class that is more than a type; not the errors, which are caught. */
function needsExample(checker: Checker, { symbol, nodes, isType }: Exported): boolean {
  if (isType) return false
  if (symbol.flags & SymbolFlags.Function) return true
  if (!(symbol.flags & SymbolFlags.Class)) return false
  const isError = basesOf(checker, symbol).some((base) => base.getSymbol()?.name === 'Error')
  const isAbstract = nodes.some(
    (node) => 'modifierFlags' in node && (Number(node.modifierFlags) & ModifierFlags.Abstract) !== 0,
  )
  return !isError && !isAbstract
}

/** The types of ours that the signatures name and that nobody can import. */
function notExported(
  checker: Checker,
  { name, nodes }: Exported,
  exported: ReadonlyMap<number, Exported>,
  folder: string,
): string[] {
  const missing = new Set<string>()
  const visit = (node: Node): undefined => {
    if (is.isIdentifier(node)) {
      const named = checker.getSymbolAtLocation(node)
      const symbol = named && resolved(checker, named)
      if (symbol && isOfOurs(symbol, folder) && !exported.has(symbol.id))
        missing.add(`${name}: ${symbol.name}`)
    }
    node.forEachChild(visit)
    return undefined
  }
  for (const node of nodes) visit(node)
  return [...missing]
}

const TYPES =
  SymbolFlags.Class |
  SymbolFlags.Interface |
  SymbolFlags.TypeAlias |
  SymbolFlags.Enum |
  SymbolFlags.Function |
  SymbolFlags.BlockScopedVariable

function isOfOurs({ flags, declarations }: Symbol, folder: string): boolean {
  return (
    (flags & TYPES) !== 0 &&
    declarations.some(
      (handle) =>
        handle.path.startsWith(`${folder}/src/`.toLowerCase()) || handle.path.startsWith(`${folder}/src/`),
    )
  )
}
