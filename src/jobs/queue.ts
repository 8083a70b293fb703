import { sql } from 'drizzle-orm'
import { statement } from '../db/statement.ts'

/** A job and the run that holds it. */
export type TakenJob = {
  readonly id: string
  readonly kind: string
  readonly params: unknown
  readonly runId: string
}

/** How a run ends; of one that did not end `done` the database says whether it was cancelled. */
export type Outcome = 'done' | 'failed' | 'stopped'

type Held = { readonly id: string; readonly runId: string }

/** Runs that may fail before a job is dead. */
const mostAttempts = sql.raw('5')
/** Without a word for so long a run is taken for lost. */
const silence = sql.raw("interval '30 seconds'")

/**
 * Takes the job that is due for the longest, of kinds this program knows. One transaction: whoever comes at the same time
 * passes it over.
 */
export const takeJob = statement<
  { readonly names: readonly string[]; readonly worker: string },
  TakenJob
>(
  'take_job',
  { reads: [] },
  (_, { names, worker }) => sql<TakenJob>`
    with due as (
      select id from shopboard.jobs
      where state = 'waiting' and run_at <= clock_timestamp() and kind = any(${names}::text[])
      order by run_at, id limit 1
      for update skip locked
    ),
    run as (
      insert into shopboard.job_runs (job_id, worker) select id, ${worker}::text from due
      returning id, job_id
    )
    update shopboard.jobs set state = 'running', run_id = run.id, attempts = attempts + 1, heartbeat_at = clock_timestamp(),
      progress_done = null, progress_total = null, ended_at = null
    from run where jobs.id = run.job_id
    returning jobs.id, kind, params, run_id as "runId"`,
)

/** Says that a run goes on, and how far it is. No row: it was taken for lost. */
export const heartbeat = statement<
  Held & { readonly done: number | null; readonly total: number | null },
  { isCancelling: boolean }
>(
  'job_heartbeat',
  { reads: [] },
  (_, { id, runId, done, total }) => sql<{ isCancelling: boolean }>`
    update shopboard.jobs
    set heartbeat_at = clock_timestamp(), progress_done = ${done}::bigint, progress_total = ${total}::bigint
    where id = ${id}::bigint and run_id = ${runId}::bigint and state = 'running'
    returning is_cancelling as "isCancelling"`,
)

/**
 * Ends a run: a failed one is done again after 1, 4, 16 and 64 minutes, give or take a quarter, one that a shutdown stopped
 * at once. No row: it was taken for lost, and whoever has the job now says how it ends.
 */
export const endJob = statement<
  Held & {
    readonly outcome: Outcome
    readonly rows: number | null
    readonly result: string | null
    readonly error: string | null
    readonly done: number | null
    readonly total: number | null
  },
  { state: string }
>(
  'end_job',
  { reads: [] },
  (_, { id, runId, outcome, rows, result, error, done, total }) => sql<{ state: string }>`
    with own as (
      select id, run_id, case when is_cancelling and ${outcome}::text <> 'done' then 'cancelled' else ${outcome}::text end as outcome
      from shopboard.jobs where id = ${id}::bigint and run_id = ${runId}::bigint and state = 'running'
      for update
    ),
    run as (
      update shopboard.job_runs set ended_at = clock_timestamp(), outcome = own.outcome, row_count = ${rows}::bigint,
        error = case when own.outcome = 'failed' then ${error}::text end
      from own where job_runs.id = own.run_id
    )
    update shopboard.jobs set
      state = case own.outcome
        when 'failed' then case when attempts >= ${mostAttempts} then 'dead' else 'waiting' end
        when 'stopped' then 'waiting'
        else own.outcome end,
      run_at = case own.outcome
        when 'failed' then clock_timestamp() + interval '1 minute' * power(4, attempts - 1) * (0.75 + random() / 2)
        when 'stopped' then clock_timestamp()
        else run_at end,
      attempts = attempts - (own.outcome = 'stopped')::int,
      ended_at = case when own.outcome in ('done', 'cancelled') or own.outcome = 'failed' and attempts >= ${mostAttempts} then clock_timestamp() end,
      is_cancelling = false, heartbeat_at = null, result = ${result}::text::jsonb,
      error = case when own.outcome = 'failed' then ${error}::text end,
      progress_done = ${done}::bigint, progress_total = ${total}::bigint
    from own where jobs.id = own.id
    returning state`,
)

/** Gives back what is held by runs that fell silent; at once, where it is not the fifth try. */
export const reapJobs = statement<
  Record<never, never>,
  { id: string; kind: string; state: string }
>(
  'reap_jobs',
  { reads: [] },
  () => sql<{ id: string; kind: string; state: string }>`
    with lost as (
      select id, run_id from shopboard.jobs
      where state = 'running' and heartbeat_at < clock_timestamp() - ${silence}
      for update skip locked
    ),
    run as (
      update shopboard.job_runs set ended_at = clock_timestamp(), outcome = 'lost'
      from lost where job_runs.id = lost.run_id
    )
    update shopboard.jobs set
      state = case when is_cancelling then 'cancelled' when attempts >= ${mostAttempts} then 'dead' else 'waiting' end,
      run_at = clock_timestamp(),
      ended_at = case when is_cancelling or attempts >= ${mostAttempts} then clock_timestamp() end,
      is_cancelling = false, heartbeat_at = null, error = 'The server that ran it fell silent.'
    from lost where jobs.id = lost.id
    returning jobs.id, kind, state`,
)

/** Why no job can be taken, now and the next time: null where one can. */
export const whatBarsJobs = statement<Record<never, never>, { reason: string | null }>(
  'what_bars_jobs',
  { reads: [] },
  () => sql<{ reason: string | null }>`
    select case
      when pg_is_in_recovery() then 'the database is a standby'
      when current_setting('default_transaction_read_only') = 'on' then 'default_transaction_read_only is on'
      when not has_schema_privilege('shopboard', 'usage')
        then format('it takes: grant usage on schema shopboard to %I;', current_user)
      when exists (
        select from unnest(array['jobs', 'job_runs']) as name, unnest(array['select', 'insert', 'update', 'delete']) as privilege
        where not has_table_privilege('shopboard.' || name, privilege)
      ) then format('it takes: grant select, insert, update, delete on shopboard.jobs, shopboard.job_runs to %I;', current_user)
    end as reason`,
)
