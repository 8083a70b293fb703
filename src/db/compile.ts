import { is, Param, Placeholder, type Query, type SQL } from 'drizzle-orm'
import {
  makePgArray,
  PgDatabase,
  PgDialect,
  PgPreparedQuery,
  type PgQueryResultHKT,
  PgSession,
  type PreparedQueryConfig,
  type SelectedFieldsOrdered,
} from 'drizzle-orm/pg-core'
import { mapResultRow } from 'drizzle-orm/utils'

declare module 'drizzle-orm/utils' {
  /** Drizzle's drivers map their rows by it; its types leave it out. */
  export function mapResultRow(
    fields: SelectedFieldsOrdered,
    row: unknown,
    joinsNotNullable: JoinsNotNullable | undefined,
  ): unknown
}

type JoinsNotNullable = Record<string, boolean>

interface RowsOnly extends PgQueryResultHKT {
  readonly type: this['row'][]
}

/** The Drizzle a statement is built with: it writes SQL and has no connection. */
export type Drizzle = PgDatabase<RowsOnly>

/** A statement ready to run: binding values is all that is left to do. */
export type Compiled = {
  readonly name: string
  readonly text: string
  /** @throws when a value is missing */
  readonly bind: (values: Readonly<Record<string, unknown>>) => unknown[]
  /** From the columns in order to a row; without it the driver's rows, keyed by column name, are the answer. */
  readonly map: ((columns: unknown) => unknown) | undefined
}

type Bound = (values: Readonly<Record<string, unknown>>) => unknown

export const compileTemplate = (name: string, template: SQL): Compiled =>
  compiledOf(name, dialect.sqlToQuery(template), undefined)

type Builder = { prepare(name: string): PgPreparedQuery<PreparedQueryConfig> }

export function compileBuilder(name: string, builder: Builder): Compiled {
  const plan = builder.prepare(name)
  if (!(plan instanceof Plan)) throw new TypeError(`${name} was not built with the given db`)
  return compiledOf(name, plan.getQuery(), mapperOf(plan))
}

/** A placeholder that stands in several places is bound once: Drizzle would send its value for each of them. */
function compiledOf(name: string, { sql, params }: Query, map: Compiled['map']): Compiled {
  const sent: unknown[] = []
  const numbers = params.map((param) => {
    const known = is(param, Placeholder)
      ? sent.findIndex((one) => isSamePlaceholder(one, param))
      : -1
    return known === -1 ? sent.push(param) : known + 1
  })
  // without a value of its own it may be about another statement, whose numbers stay
  const text =
    params.length === 0
      ? sql
      : sql.replace(/\$(\d+)/g, (_, number) => `$${numbers[Number(number) - 1]}`)
  const bound = sent.map((param) => boundTo(name, param))
  return { name, text, map, bind: (values) => bound.map((valueIn) => valueIn(values)) }
}

const isSamePlaceholder = (one: unknown, other: Placeholder) =>
  is(one, Placeholder) && one.name === other.name

/** How one `$n` gets its value, found out once: Drizzle's fillPlaceholders does so on every run. */
function boundTo(name: string, param: unknown): Bound {
  if (is(param, Placeholder)) {
    const placeholder = param.name
    return (values) => {
      const value = values[placeholder]
      if (value === undefined) throw new TypeError(`${name} needs a value for ${placeholder}`)
      return Array.isArray(value) ? makePgArray(value) : value
    }
  }
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { encoder } = param
    const valueIn = boundTo(name, param.value)
    return (values) => {
      const value = valueIn(values)
      return value === null ? null : encoder.mapToDriverValue(value)
    }
  }
  return () => param
}

function mapperOf({ fields, joinsNotNullableMap }: Plan): Compiled['map'] {
  return fields && ((columns) => mapResultRow(fields, columns, joinsNotNullableMap))
}

/** Keeps what Drizzle hands to a driver. */
class Plan extends PgPreparedQuery<PreparedQueryConfig> {
  readonly fields: SelectedFieldsOrdered | undefined
  /** A select sets it after it made the plan. */
  joinsNotNullableMap: JoinsNotNullable | undefined

  constructor(query: Query, fields: SelectedFieldsOrdered | undefined) {
    super(query, undefined, undefined)
    this.fields = fields
  }

  override execute(): Promise<never> {
    throw new TypeError('Statements are run by Database.run')
  }
}

class Compiler extends PgSession<RowsOnly> {
  override prepareQuery(query: Query, fields: SelectedFieldsOrdered | undefined) {
    return new Plan(query, fields)
  }

  override transaction(): Promise<never> {
    throw new TypeError('Transactions are opened by Database.run')
  }
}

const dialect = new PgDialect()

export const queryBuilder: Drizzle = new PgDatabase(dialect, new Compiler(dialect), undefined)
