import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { parseAst } from 'vitest/node'

/** What the rules of the house need to know of a file. */
export type Source = {
  /** Relative to its directory, with slashes. */
  readonly path: string
  /** Static and dynamic, of values and of types, re-exports too. */
  readonly imports: readonly Import[]
  /** Uses of `process` and `console`, with the member used: `process.env`. */
  readonly globals: readonly string[]
  /** Lines, without those inside texts in backticks: SQL does not count as code. */
  readonly lines: number
  readonly functions: readonly { readonly name: string; readonly lines: number }[]
}

/** `target` is a path relative to the same directory, or the name of a package. */
export type Import = { readonly target: string; readonly isType: boolean }

/** Parses every TypeScript file of a directory. */
export const readSources = (directory: string): Source[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => sourceOf(name.replaceAll(sep, '/'), readFileSync(join(directory, name), 'utf8')))

/** @throws SyntaxError where `text` is not TypeScript */
export function sourceOf(path: string, text: string): Source {
  const nodes = [...nodesOf(parseAst(text, { lang: 'ts' }))]
  const breaks = ({ start, end }: Range) => text.slice(start, end).split('\n').length - 1
  const texts = nodes.flatMap(({ node }) => (node.type === 'TemplateLiteral' ? [node] : []))
  const linesOf = (range: Range) =>
    texts
      .filter(({ start, end }) => start >= range.start && end <= range.end)
      .reduce((lines, each) => lines - breaks(each), breaks(range) + 1)

  return {
    path,
    imports: nodes.flatMap(({ node }) => {
      const specifier = specifierOf(node)
      if (specifier === undefined) return []
      return [{ target: targetOf(path, specifier), isType: isTypeOnly(node) }]
    }),
    globals: nodes.flatMap(({ node, parent }) => globalOf(node, parent) ?? []),
    lines: linesOf({ start: 0, end: text.trimEnd().length }),
    functions: nodes.flatMap(({ node, parent }) =>
      isFunction(node) ? [{ name: nameOf(node, parent), lines: linesOf(node) }] : [],
    ),
  }
}

type Range = { readonly start: number; readonly end: number }
type Node = Range & { readonly type: string; readonly [field: string]: unknown }
type Visited = { readonly node: Node; readonly parent: Node | undefined }

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value

/** The tree's nodes, each before those inside it. */
function* nodesOf(value: unknown, parent?: Node): Generator<Visited> {
  if (Array.isArray(value)) for (const each of value) yield* nodesOf(each, parent)
  if (!isNode(value)) return
  yield { node: value, parent }
  for (const field of Object.values(value)) yield* nodesOf(field, value)
}

/** What an import or a re-export names, `import('…')` as an expression and as a type included. */
function specifierOf({ source }: Node): string | undefined {
  return isNode(source) && typeof source.value === 'string' ? source.value : undefined
}

const targetOf = (path: string, specifier: string) =>
  specifier.startsWith('.') ? posix.join(dirname(path), specifier) : specifier

function isTypeOnly({ type, importKind, exportKind, specifiers }: Node): boolean {
  if (type === 'TSImportType' || importKind === 'type' || exportKind === 'type') return true
  const isNamedType = (each: unknown) => isNode(each) && each.importKind === 'type'
  return Array.isArray(specifiers) && specifiers.length > 0 && specifiers.every(isNamedType)
}

function globalOf(node: Node, parent: Node | undefined): string | undefined {
  const { type, name } = node
  if (type !== 'Identifier' || (name !== 'process' && name !== 'console')) return undefined
  if (parent?.type === 'MemberExpression') {
    if (parent.property === node && !parent.computed) return undefined
    const { property } = parent
    return isNode(property) && property !== node ? `${name}.${property.name}` : name
  }
  return parent?.type === 'Property' && parent.key === node ? undefined : name
}

const isFunction = ({ type }: Node) =>
  /^(ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/.test(type)

/** Its own name, or that of what it is assigned to. */
function nameOf(node: Node, parent: Node | undefined): string {
  const named = [node.id, parent?.id, parent?.key].find(isNode)
  return typeof named?.name === 'string' ? named.name : 'a function'
}
