import type { Context, TypedResponse } from 'hono'
import type { BoundStatement } from '../db/bound-statement.ts'
import type { FoundRow } from '../db/list/row.ts'
import { noSuchRow } from '../errors/error.ts'
import { type JsonText, respond } from './answer.ts'
import type { AppEnv } from './context.ts'

/** Answers with the row that the statement finds. @throws AppError not_found where there is none */
export const respondRow = <Row>(
  c: Context<AppEnv>,
  statement: BoundStatement<FoundRow>,
): Promise<Response & TypedResponse<Row, 200, 'json'>> =>
  respond(c, { statement, tier: 'short' }, ([found]) => {
    if (!found) throw noSuchRow()
    return { body: found.json as JsonText<Row>, version: found.version }
  })
