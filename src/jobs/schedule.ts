import { Cron } from 'croner'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { statement } from '../db/statement.ts'
import type { JobKind } from './job.ts'

/** ms since 1970, by the clock of the database: that of a machine may be wrong, and each has its own. */
const clock = statement<Record<never, never>, { now: number }>(
  'job_clock',
  { reads: [] },
  () => sql<{ now: number }>`select (1000 * extract(epoch from clock_timestamp()))::float8 as now`,
)

/** Starts what is due and was not started yet, by whomever; one at a time of each kind. */
const scheduleJobs = statement<
  { readonly names: readonly string[]; readonly slots: readonly string[] },
  { kind: string }
>(
  'schedule_jobs',
  { reads: [] },
  (_, { names, slots }) => sql<{ kind: string }>`
    insert into shopboard.jobs (kind, key, created_by, slot)
    select kind, '', 'schedule', slot
    from unnest(${names}::text[], ${slots}::timestamptz[]) as due (kind, slot)
    where not exists (select from shopboard.jobs where jobs.kind = due.kind and jobs.slot >= due.slot)
    on conflict do nothing
    returning kind`,
)

/**
 * Starts the kinds whose last instant has not been met: once for all servers, and once for all the instants that passed while
 * there was none.
 * @returns the names of the kinds that were started here
 */
export async function meetSchedules(
  db: Database,
  kinds: readonly JobKind[],
): Promise<readonly string[]> {
  const [row] = await db.run(clock)
  const slots = kinds.flatMap(({ name, schedule }) => {
    const slot = schedule && row && lastInstant(schedule, row.now)
    return slot ? [{ name, slot }] : []
  })
  if (slots.length === 0) return []
  const started = await db.run(scheduleJobs, {
    names: slots.map(({ name }) => name),
    slots: slots.map(({ slot }) => slot.toISOString()),
  })
  return started.map(({ kind }) => kind)
}

/** The last instant of a cron pattern, in UTC, that is not later than `now` (ms). */
export function lastInstant(pattern: string, now: number): Date | undefined {
  const afterwards = new Date(Math.floor(now / 1000) * 1000 + 1000)
  return new Cron(pattern, { timezone: 'UTC', paused: true }).previousRuns(1, afterwards)[0]
}
