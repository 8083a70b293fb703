import type { z } from '@hono/zod-openapi'
import { onlyRow } from '../../db/bound-statement.ts'
import type { Database } from '../../db/database.ts'
import { type Report, type ReportBatch, reportBatch } from '../report.ts'
import type { Cursor, CursorCodec } from './cursor.ts'
import { type List, type ListQuery, listRequestOf, listStatementOf, shownOf } from './list.ts'

/** A whole list, page after page: its rows as the list shows them, in its order, under its filters. */
export const listReport = <Total extends number | null>(
  list: List<Total>,
  query: z.ZodType<ListQuery>,
  item: z.ZodObject,
): Report => ({
  resource: list.name,
  filters: query,
  item,
  batches: (db, filters) => batchesOf(db, list, query.parse(filters)),
})

async function* batchesOf<Total extends number | null>(
  db: Database,
  list: List<Total>,
  query: ListQuery,
): AsyncGenerator<ReportBatch> {
  const request = listRequestOf(list, { ...query, pageSize: reportBatch }, noCursors)
  let cursor: Cursor | undefined
  do {
    const found = onlyRow(await listStatementOf(list, { ...request, cursor }).run(db))
    const { items, last, goesOn } = shownOf(found, { ...request, cursor })
    cursor = goesOn ? { direction: 'next', position: last } : undefined
    yield { items, total: found.total }
  } while (cursor)
}

/** The whole of a list begins at its top. */
const noCursors: CursorCodec = {
  write: () => '',
  read: () => {
    throw new Error('A report takes no cursor')
  },
}
