import { type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import type { Export, Format } from './schemas.ts'

type Found = { readonly json: JsonText<Export> }

/** Whose exports a caller may have: the own ones, or everyone's. */
export type Viewer = { readonly actor: string; readonly seesAll: boolean }
type One = Viewer & { readonly id: number }

const instant = (column: string) => rfc3339(sql.raw(`exports.${column}`))

/** As it is shown; its job tells how far it is. */
const shown: SQL = sql`json_build_object(
      'id', exports.id,
      'state', case
        when expires_at <= now() then 'expired'
        when finished_at is not null then 'done'
        when jobs.state in ('dead', 'done') then 'failed'
        else jobs.state
      end,
      'progress', json_build_object(
        'done', coalesce(row_count, progress_done, 0), 'total', coalesce(row_count, progress_total)),
      'resource', resource,
      'format', format,
      'filters', filters,
      'isCompressed', is_compressed,
      'size', size,
      'error', case when finished_at is null then jobs.error end,
      'createdAt', ${instant('created_at')},
      'finishedAt', ${instant('finished_at')},
      'expiresAt', ${instant('expires_at')}
    )::text`

const isTheirs = ({ actor, seesAll }: Placeholders<Viewer>): SQL =>
  sql`(exports.actor = ${actor}::text or ${seesAll}::boolean)`

export type NewExport = {
  /** Of its job. */
  readonly id: string
  readonly actor: string
  readonly resource: string
  readonly format: Format
  /** JSON */
  readonly filters: string
  readonly isCompressed: boolean
}

export const addExport = statement<NewExport, { id: string }>(
  'add_export',
  { reads: [] },
  (_, { id, actor, resource, format, filters, isCompressed }) => sql<{ id: string }>`
    insert into shopboard.exports (id, actor, resource, format, filters, is_compressed)
    values (${id}::bigint, ${actor}::text, ${resource}::text, ${format}::text, ${filters}::text::jsonb, ${isCompressed}::boolean)
    returning id`,
)

export const exportById = statement<One, Found>(
  'export_by_id',
  { reads: [] },
  (_, asked) => sql<Found>`
    select ${shown} as json
    from shopboard.exports join shopboard.jobs using (id)
    where exports.id = ${asked.id}::bigint and ${isTheirs(asked)}`,
)

/** One's own, newest first. */
export const exportsOfActor = statement<{ readonly actor: string; readonly limit: number }, Found>(
  'exports_of_actor',
  { reads: [] },
  (_, { actor, limit }) => sql<Found>`
    select ${shown} as json
    from shopboard.exports join shopboard.jobs using (id)
    where exports.actor = ${actor}::text
    order by exports.id desc limit ${limit}::int`,
)

export type ExportFile = {
  readonly resource: string
  readonly format: Format
  readonly isCompressed: boolean
  readonly file: string | null
  readonly isExpired: boolean | null
}

export const exportFile = statement<One, ExportFile>(
  'export_file',
  { reads: [] },
  (_, asked) => sql<ExportFile>`
    select resource, format, is_compressed as "isCompressed", file, expires_at <= now() as "isExpired"
    from shopboard.exports
    where id = ${asked.id}::bigint and ${isTheirs(asked)}`,
)

/** Cancels what still writes it. */
export const removeExport = statement<One, { file: string | null }>(
  'remove_export',
  { reads: [] },
  (_, asked) => sql<{ file: string | null }>`
    with removed as (
      delete from shopboard.exports where id = ${asked.id}::bigint and ${isTheirs(asked)}
      returning id, file
    ),
    cancelled as (
      update shopboard.jobs set
        is_cancelling = state = 'running',
        state = case state when 'waiting' then 'cancelled' else state end,
        ended_at = case state when 'waiting' then clock_timestamp() end
      from removed where jobs.id = removed.id and state in ('waiting', 'running')
    )
    select file from removed`,
)

/** Whether it is still wanted, and not written yet. */
export const exportToWrite = statement<{ readonly id: number }, { file: string | null }>(
  'export_to_write',
  { reads: [] },
  (_, { id }) => sql<{ file: string | null }>`
    select file from shopboard.exports where id = ${id}::bigint`,
)

export type FinishedExport = {
  readonly id: number
  readonly file: string
  /** bytes */
  readonly size: number
  readonly rows: number
  /** hours */
  readonly retention: number
}

/** No row where it was removed, or another run has finished it. */
export const finishExport = statement<FinishedExport, { id: string }>(
  'finish_export',
  { reads: [] },
  (_, { id, file, size, rows, retention }) => sql<{ id: string }>`
    update shopboard.exports set file = ${file}::text, size = ${size}::bigint, row_count = ${rows}::bigint,
      finished_at = clock_timestamp(), expires_at = clock_timestamp() + ${retention}::int * interval '1 hour'
    where id = ${id}::bigint and file is null
    returning id`,
)
