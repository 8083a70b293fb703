import type { Database } from './database.ts'
import type { Statement, Values } from './statement.ts'

/** A statement with its values: what is left is to run it. */
export type BoundStatement<Row> = Pick<Statement<never, Row>, 'name' | 'reads'> & {
  readonly run: (db: Database) => Promise<Row[]>
}

export const bind = <Params, Row>(
  statement: Statement<Params, Row>,
  ...values: Values<NoInfer<Params>>
): BoundStatement<Row> => ({
  name: statement.name,
  reads: statement.reads,
  run: (db) => db.run(statement, ...values),
})

/** The row of a statement that always gives one. @throws Error where it gave none */
export function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('The statement gave no row')
  return row
}
