import type { Context, TypedResponse } from 'hono'
import { onlyRow } from '../db/bound-statement.ts'
import type { Created, Creation } from '../db/change/create.ts'
import type { Restoring } from '../db/change/remove.ts'
import type { Addressed, Match, Update } from '../db/change/update.ts'
import type { ById, FoundRow } from '../db/list/row.ts'
import type { TableName } from '../db/rollup/kinds.ts'
import type { Statement } from '../db/statement.ts'
import { conflict, noSuchRow, preconditionFailed, referenceMissing } from '../errors/error.ts'
import type { JsonText } from './answer.ts'
import type { AppEnv } from './context.ts'
import { etagOf, versionsIn } from './etag.ts'
import { respondWrite, type Written, type WrittenStatus } from './write.ts'

/** The statements of a resource that clients write. */
export type Changes = {
  /** Those that a deletion or restoring writes to; a creation or update writes to the first of them. */
  readonly tables: readonly [TableName, ...TableName[]]
  readonly create: Statement<Creation, Created>
  readonly update: Statement<Update, Match>
  /** Keeps others from what goes and comes with the row, before it does. */
  readonly lock?: Statement<ById, unknown>
  readonly remove: Statement<Addressed, Match>
  readonly restore: Statement<Restoring, ById>
  /** The live row as it is shown. */
  readonly byId: Statement<ById, FoundRow>
}

type Answer<Row, Status extends WrittenStatus> = Promise<
  Response & TypedResponse<Row, Status, 'json'>
>

/** Answers with the row that is made of the body. @throws AppError reference_missing */
export const respondCreated = <Row>(
  c: Context<AppEnv>,
  { tables: [table], create }: Changes,
  body: unknown,
): Answer<Row, 201> =>
  respondWrite(c, [table], async (db, origin) => {
    const row = JSON.stringify(body)
    const { missing, id, json, version } = onlyRow(await db.run(create, { ...origin, row }))
    if (json === null || version === null) throw referenceMissing(missing)
    return shown<Row, 201>(201, { json, version }, { Location: `${c.req.path}/${id}` })
  })

/** Answers with the row as the body left it. @throws AppError not_found, precondition_failed */
export const respondUpdated = <Row>(
  c: Context<AppEnv>,
  { tables: [table], update, byId }: Changes,
  id: number,
  body: unknown,
): Answer<Row, 200> =>
  respondWrite(c, [table], async (db, origin) => {
    const changed = { ...origin, id, versions: versionsOf(c), row: JSON.stringify(body) }
    const [[match], [row]] = await Promise.all([db.run(update, changed), db.run(byId, { id })])
    expectMatch(match)
    return shown<Row, 200>(200, row)
  })

/** Answers with nothing once the row is deleted. @throws AppError not_found, precondition_failed */
export const respondRemoved = (
  c: Context<AppEnv>,
  { tables, lock, remove }: Changes,
  id: number,
): Answer<null, 204> =>
  respondWrite(c, tables, async (db, origin) => {
    const removed = { ...origin, id, versions: versionsOf(c) }
    const [, [match]] = await Promise.all([lock && db.run(lock, { id }), db.run(remove, removed)])
    expectMatch(match)
    return { status: 204 }
  })

/** Answers with the row, live again. @throws AppError not_found, conflict where it belongs to what is deleted */
export const respondRestored = <Row>(
  c: Context<AppEnv>,
  { tables, lock, restore, byId }: Changes,
  id: number,
): Answer<Row, 200> =>
  respondWrite(c, tables, async (db, origin) => {
    const [, [found], [row]] = await Promise.all([
      lock && db.run(lock, { id }),
      db.run(restore, { ...origin, id }),
      db.run(byId, { id }),
    ])
    if (!found) throw noSuchRow()
    if (!row) throw conflict('Its post is deleted: restore that first.')
    return shown<Row, 200>(200, row)
  })

/** Those that `If-Match` names; null where it may be any. */
export const versionsOf = (c: Context<AppEnv>) => versionsIn(c.req.header('if-match'))

/** @throws AppError not_found, precondition_failed */
export function expectMatch(match: Match | undefined): void {
  if (!match) throw noSuchRow()
  if (!match.isMatch) throw preconditionFailed()
}

function shown<Row, Status extends WrittenStatus>(
  status: Status,
  row: FoundRow | undefined,
  headers?: Readonly<Record<string, string>>,
): Written<Row, Status> {
  const { json, version } = onlyRow(row ? [row] : [])
  return {
    status,
    body: json as JsonText<Row>,
    headers: { ETag: etagOf(json, version), ...headers },
  }
}
