import { type SQL, sql } from 'drizzle-orm'
import { audited, type Origin } from '../../../db/audit.ts'
import { jsonText } from '../../../db/json.ts'
import { listFamily } from '../../../db/list/family.ts'
import { landFromNearerEnd } from '../../../db/list/landing.ts'
import type { FilterName, Item, ListSql } from '../../../db/list/list.ts'
import type { ById, FoundRow } from '../../../db/list/row.ts'
import { type Placeholders, statement } from '../../../db/statement.ts'
import type { NewJob } from '../../../jobs/job.ts'

const instant = (column: string): SQL =>
  sql.raw(
    `coalesce(to_json(to_char(page.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null')`,
  )

const orNull = (column: string): SQL => sql.raw(`coalesce(page.${column}::text, 'null')`)

const job: Item = {
  columns: sql.raw(
    'kind, state, params, created_at, created_by, run_at, attempts, progress_done, progress_total, is_cancelling, ended_at, result, error',
  ),
  json: sql`'{"id":', page.id, ',"kind":', to_json(page.kind), ',"state":"', page.state, '","params":', page.params,
        ',"createdAt":', ${instant('created_at')}, ',"createdBy":', to_json(page.created_by), ',"runAt":', ${instant('run_at')},
        ',"attempts":', page.attempts, ',"progress":{"done":', ${orNull('progress_done')}, ',"total":', ${orNull('progress_total')},
        '},"isCancelling":', to_json(page.is_cancelling), ',"endedAt":', ${instant('ended_at')},
        ',"result":', ${orNull('result')}, ',"error":', ${jsonText(sql.raw('page.error'))}`,
  joins: sql.empty(),
}

export const jobFilters = ['state', 'kind'] as const satisfies readonly FilterName[]

export const jobPages = listFamily({
  name: 'jobs',
  reads: [],
  offers: [[], ['state'], ['kind'], ['state', 'kind']].map((filters) => ({
    sort: 'createdAt',
    filters: filters as FilterName[],
  })),
  listOf({ order, filters }, asked) {
    const where = sql.join(
      [
        filters.includes('state') ? sql`state = ${asked.state}::text` : sql.raw('true'),
        filters.includes('kind') ? sql`kind = ${asked.kind}::text` : sql.raw('true'),
      ],
      sql.raw(' and '),
    )
    const from = sql.raw('shopboard.jobs')
    const list: Omit<ListSql, 'landing'> = {
      sources: [{ from, where, key: sql.raw('created_at'), id: sql.raw('id') }],
      key: 'instant',
      order,
      item: { ...job, json: sql`${job.json}, '}'` },
      total: sql`(select count(*) from ${from} where ${where})`,
    }
    return { ...list, landing: () => landFromNearerEnd(list, asked) }
  },
})

/** Runs that are shown of a job, the newest first. */
const mostRuns = sql.raw('20')

const runs = sql`'[' || coalesce((
          select string_agg(concat('{"id":', page.id, ',"worker":', to_json(page.worker), ',"startedAt":', ${instant('started_at')},
            ',"endedAt":', ${instant('ended_at')}, ',"outcome":', ${jsonText(sql.raw('page.outcome'))},
            ',"rows":', ${orNull('row_count')}, ',"error":', ${jsonText(sql.raw('page.error'))}, '}'), ',' order by page.id desc)
          from (select * from shopboard.job_runs where job_id = job.id order by id desc limit ${mostRuns}) as page
        ), '') || ']'`

export const jobById = statement<ById, FoundRow>(
  'job_by_id',
  { reads: [] },
  (_, { id }) => sql<FoundRow>`
    select concat(${job.json}, ',"runs":', ${runs}, '}') as json, version
    from (select id, xmin::text as version, ${job.columns} from shopboard.jobs where id = ${id}::bigint) as page,
      lateral (select page.id) as job`,
)

/** As `enqueueJob`, with its audit row. */
export const startJob = statement<NewJob & Origin, { id: number }>(
  'start_job',
  { reads: [] },
  (_, asked) => sql<{ id: number }>`
    with changed as (
      insert into shopboard.jobs (kind, key, params, created_by)
      values (${asked.kind}::text, ${asked.key}::text, ${asked.params}::text::jsonb, ${asked.createdBy}::text)
      on conflict do nothing
      returning id, null::jsonb as old, jsonb_build_object('kind', kind, 'params', params) as new
    ),
    logged as (${audited('create', 'jobs', sql`changed`, asked)})
    select id::float8 as id from changed`,
)

/** Found in which state, and whether that could be changed; no row where there is no such job. */
export type Changed = { readonly state: string; readonly isChanged: boolean }

const changing = (changed: SQL, asked: Placeholders<ById & Origin>) => sql<Changed>`
    with found as (select id, kind, key, state from shopboard.jobs where id = ${asked.id}::bigint for update),
    changed as (
      ${changed}
      returning jobs.id, jsonb_build_object('state', found.state) as old,
        jsonb_build_object('state', jobs.state, 'isCancelling', jobs.is_cancelling) as new
    ),
    logged as (${audited('update', 'jobs', sql`changed`, asked)})
    select state, exists (select from changed) as "isChanged" from found`

/** Ends a job that waits, asks one that runs to end. */
export const cancelJob = statement<ById & Origin, Changed>(
  'cancel_job',
  { reads: [] },
  (_, asked) =>
    changing(
      sql`update shopboard.jobs set
        state = case found.state when 'waiting' then 'cancelled' else found.state end,
        ended_at = case found.state when 'waiting' then clock_timestamp() end,
        is_cancelling = found.state = 'running'
      from found where jobs.id = found.id and found.state in ('waiting', 'running')`,
      asked,
    ),
)

/** Has a job that is dead or cancelled wait again, as if it were new, and one that waits for its next try wait no longer. */
export const retryJob = statement<ById & Origin, Changed>('retry_job', { reads: [] }, (_, asked) =>
  changing(
    sql`update shopboard.jobs set state = 'waiting', run_at = clock_timestamp(), ended_at = null,
        attempts = case found.state when 'waiting' then attempts else 0 end
      from found where jobs.id = found.id and found.state in ('dead', 'cancelled', 'waiting') and not exists (
        select from shopboard.jobs as live
        where live.kind = found.kind and live.key = found.key and live.state in ('waiting', 'running') and live.id <> found.id
      )`,
    asked,
  ),
)
