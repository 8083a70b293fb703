import { onlyRow } from '../../db/bound-statement.ts'
import type { Cursor } from '../../http/paging/cursor.ts'
import { type Report, reportBatch } from '../../http/report.ts'
import { feedStatementOf } from './page.ts'
import { activityItem, activityQuery } from './schemas.ts'
import { endsOf, itemsOf, linesOf } from './shown.ts'

/** The whole feed, newest first. */
export const activityReport: Report = {
  resource: 'activity',
  filters: activityQuery,
  item: activityItem,
  async *batches(db, filters) {
    const query = { ...activityQuery.parse(filters), pageSize: reportBatch }
    const from = { query, fingerprint: '', page: undefined, pageSize: reportBatch, end: [] }
    let cursor: Cursor | undefined
    do {
      const asked = { ...from, ids: 'falling', cursor } as const
      const { items: found, count, total } = onlyRow(await feedStatementOf(asked).run(db))
      const goesOn = count > reportBatch
      const items = itemsOf(found ?? '', goesOn ? 'next' : undefined)
      const { last } = endsOf(items)
      cursor = goesOn && last ? { direction: 'next', position: last } : undefined
      yield { items: linesOf(items), total }
    } while (cursor)
  },
}
