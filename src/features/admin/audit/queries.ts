import { type SQL, sql } from 'drizzle-orm'
import { jsonText } from '../../../db/json.ts'
import { listFamily } from '../../../db/list/family.ts'
import { landFromNearerEnd, mostFiltered } from '../../../db/list/landing.ts'
import type { FilterName, Item, ListParams, ListSql } from '../../../db/list/list.ts'
import type { Placeholders } from '../../../db/statement.ts'

/** Characters of a text that a page shows: one of long posts would be megabytes. */
const mostOfText = sql.raw('1000')

/** What changed, as JSON; longer texts end with `…`. */
const changes = (column: SQL): SQL => sql`coalesce(case
          when octet_length(${column}::text) <= ${mostOfText} then ${column}::text
          else (select jsonb_object_agg(key, case
            when jsonb_typeof(value) = 'string' and char_length(value #>> '{}') > ${mostOfText} then to_jsonb(left(value #>> '{}', ${mostOfText}) || '…')
            else value end)::text from jsonb_each(${column}))
        end, 'null')`

const change: Item = {
  columns: sql.raw('actor, action, table_name, row_id, old, new, request_id, address'),
  json: sql`'{"id":', page.id, ',"at":"', to_char(page.key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        '","actor":', to_json(page.actor), ',"action":', to_json(page.action), ',"table":', to_json(page.table_name),
        ',"rowId":', coalesce(page.row_id::text, 'null'), ',"old":', ${changes(sql.raw('page.old'))}, ',"new":', ${changes(sql.raw('page.new'))},
        ',"requestId":', ${jsonText(sql.raw('page.request_id'))}, ',"address":', ${jsonText(sql.raw('host(page.address)'))}, '}'`,
  joins: sql.empty(),
}

/** Each has its index; the first that is given finds the rows. */
export const auditFilters = [
  'request',
  'row',
  'actor',
  'action',
  'table',
] as const satisfies readonly FilterName[]

type Asked = Placeholders<ListParams>

const finding = ({ requestId, table, rowId, actor, action }: Asked) => ({
  request: sql`request_id = ${requestId}::text`,
  row: sql`table_name = ${table}::text and row_id = ${rowId}::bigint`,
  actor: sql`actor = ${actor}::text`,
  action: sql`action = ${action}::text`,
  table: sql`table_name = ${table}::text`,
})

const narrowing = ({ table, rowId, actor, action }: Asked): SQL =>
  sql`(${table}::text is null or table_name = ${table}::text) and (${rowId}::bigint is null or row_id = ${rowId}::bigint)
              and (${actor}::text is null or actor = ${actor}::text) and (${action}::text is null or action = ${action}::text)`

/** The audit log, by the partitions of its months: nobody counts it. */
export const auditPages = listFamily<null>({
  name: 'audit',
  reads: [],
  offers: [[], ...auditFilters.map((one) => [one])].map((filters) => ({
    sort: 'createdAt',
    filters,
  })),
  listOf({ order, filters: [first] }, asked) {
    const found = auditFilters.find((each) => each === first)
    const where = sql`at >= ${asked.from}::timestamptz and at < ${asked.to}::timestamptz
              and ${found ? finding(asked)[found] : sql.raw('true')} and ${narrowing(asked)}`
    const list: Omit<ListSql, 'landing'> = {
      sources: [
        { from: sql.raw('shopboard.audit_log'), where, key: sql.raw('at'), id: sql.raw('id') },
      ],
      key: 'anyInstant',
      order,
      isPartitioned: true,
      item: change,
      total: sql.raw('null::bigint'),
    }
    return { ...list, landing: () => landFromNearerEnd(list, asked, sql.raw(String(mostFiltered))) }
  },
})
