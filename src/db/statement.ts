import { is, type Placeholder, SQL, sql } from 'drizzle-orm'
import type { PgPreparedQuery, PreparedQueryConfig } from 'drizzle-orm/pg-core'
import {
  type Compiled,
  compileBuilder,
  compileTemplate,
  type Drizzle,
  queryBuilder,
} from './compile.ts'
import type { TableName } from './rollup/kinds.ts'

export type { Compiled, Drizzle } from './compile.ts'

/** The values a statement takes, as the placeholders that stand for them. */
export type Placeholders<Params> = { readonly [Name in keyof Params & string]: Placeholder<Name> }

/** A Drizzle builder, or an SQL template whose rows are objects keyed by column name. */
export type Preparable<Row> =
  | SQL<Row>
  | (PromiseLike<readonly Row[]> & {
      prepare(name: string): PgPreparedQuery<PreparedQueryConfig>
    })

export type StatementOptions = {
  /** The tables whose rows its result follows from, directly or through a rollup; none for a write, and for what is not of the community. */
  readonly reads: readonly TableName[]
  /** Whether no other statement follows it in its transaction. */
  readonly isOnly?: boolean
}

/** A named query as a value: it says what to ask; `Database.run` decides when and on which connection. */
export type Statement<Params, Row> = StatementOptions & {
  readonly name: string
  /** In a read only transaction that it opens it is the only one: `begin`, it and `commit` are sent together. */
  readonly isOnly?: boolean
  readonly build: (db: Drizzle, placeholders: Placeholders<Params>) => Preparable<Row>
}

/** Every statement made so far: a program makes its own when its modules are loaded. */
export const statements: Statement<never, unknown>[] = []

export function statement<Params, Row>(
  name: string,
  options: StatementOptions,
  build: (db: Drizzle, placeholders: Placeholders<Params>) => Preparable<Row>,
): Statement<Params, Row> {
  const made = { name, ...options, build }
  statements.push(made)
  return made
}

/** Of a statement in several variants: what its SQL must know when it is written. */
export type FamilyOptions<Variant> = {
  /** The name of a variant's statement: no two of the program are alike. */
  readonly nameOf: (variant: Variant) => string
  readonly optionsOf: (variant: Variant) => StatementOptions
  /** All there can be. */
  readonly variants: () => Iterable<Variant>
  /** Those made when the module is loaded, the others when they are first asked for. */
  readonly usual: readonly Variant[]
}

/** Gives every statement of every family so far; each is made when it comes, unless it was asked for before. */
const families: (() => Iterable<Statement<never, unknown>>)[] = []

/** One statement for each variant, the same one every time. */
export function family<Variant, Params, Row>(
  { nameOf, optionsOf, variants, usual }: FamilyOptions<Variant>,
  build: (variant: Variant, placeholders: Placeholders<Params>) => Preparable<Row>,
): (variant: Variant) => Statement<Params, Row> {
  const made = new Map<string, Statement<Params, Row>>()
  const inVariant = (variant: Variant) => {
    const name = nameOf(variant)
    const known = made.get(name)
    if (known) return known
    const fresh = statement(name, optionsOf(variant), (_, asked: Placeholders<Params>) =>
      build(variant, asked),
    )
    made.set(name, fresh)
    return fresh
  }
  for (const variant of usual) inVariant(variant)
  families.push(function* all() {
    for (const variant of variants()) yield inVariant(variant)
  })
  return inVariant
}

/** Every statement that the modules loaded so far can ask for, in all its variants. */
export function* everyVariant(): Generator<Statement<never, unknown>> {
  const single = new Set(statements)
  for (const all of families) {
    for (const statement of all()) {
      single.delete(statement)
      yield statement
    }
  }
  yield* single
}

/** A value where the SQL needs it known when it is written; none where the statement takes none. */
export type Values<Params> = keyof Params extends never ? [] : [values: Params]

const compiled = new WeakMap<object, Compiled>()

/** The statement's SQL and its bindings, built by Drizzle the first time they are asked for. */
export function compile<Params, Row>(query: Statement<Params, Row>): Compiled {
  const known = compiled.get(query)
  if (known) return known
  const built = query.build(queryBuilder, placeholders as Placeholders<Params>)
  const fresh = is(built, SQL)
    ? compileTemplate(query.name, built)
    : compileBuilder(query.name, built)
  compiled.set(query, fresh)
  return fresh
}

/** Gives a placeholder of any name; the type says which names there are. */
const placeholders = new Proxy<Record<string, Placeholder>>(
  {},
  { get: (_, name) => sql.placeholder(String(name)) },
)
