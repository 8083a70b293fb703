import { compile } from '../../db/statement.ts'
import { type AnyStatement, type Case, cases, known } from './known.ts'
import type { Samples } from './samples.ts'

export type Values = Readonly<Record<string, unknown>>

/** The values of a statement's placeholders in each case; of one that takes none in one case. */
export function valuesOf(
  statement: AnyStatement,
  samples: Samples,
): readonly { readonly case: Case; readonly values: Values }[] {
  const names = placeholdersOf(statement)
  const asked = { samples, statement, takes: (name: string) => names.has(name) }
  const spreads = [...names].map((name) => [name, known[name]?.(asked)] as const)
  return cases.slice(0, names.size === 0 ? 1 : cases.length).map((each) => ({
    case: each,
    values: Object.fromEntries(spreads.map(([name, of]) => [name, of?.[each] ?? null])),
  }))
}

/** Placeholders that no value is known for. */
export const unknownTo = (statement: AnyStatement): string[] =>
  [...placeholdersOf(statement)].filter((name) => !Object.hasOwn(known, name))

/** Their names: the statement is given values that write down what they are asked for. */
function placeholdersOf(statement: AnyStatement): Set<string> {
  const names = new Set<string>()
  const told = new Proxy<Record<string, unknown>>(
    {},
    {
      get(_, name) {
        names.add(String(name))
        return null
      },
    },
  )
  compile(statement).bind(told)
  return names
}
