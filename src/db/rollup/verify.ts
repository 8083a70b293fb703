import { type SQL, sql } from 'drizzle-orm'
import type { Pool } from '../database.ts'
import { comments, posts, users } from '../schema.ts'
import { statement } from '../statement.ts'
import {
  activityKinds,
  kindLiteral,
  kinds,
  kindTable,
  metrics,
  type TableName,
  tableNames,
} from './kinds.ts'
import { quarterHourOf, spanLiteral } from './tables.ts'

/** One rollup, recounted from the tables themselves. */
export type Verification = {
  readonly rollup: string
  /** Entries compared. */
  readonly entries: number
  /** Entries that differ. */
  readonly drift: number
  /** Up to three of them: key, what stands there, what should. */
  readonly examples: readonly string[]
}

/**
 * Recounts everything in one snapshot, unless `signal` ends it. Reads whole tables: minutes where they are large. It needs
 * usage of the schema `rollup` and `select`, nothing else, and runs on a hot standby too.
 */
export const verify = (
  pool: Pool,
  onVerified: (verification: Verification) => void = () => {},
  signal?: AbortSignal,
): Promise<Verification[]> =>
  pool.transaction({ access: 'read only', ...(signal && { signal }) }, async (db) => {
    await db.run(allowScans)
    const verifications: Verification[] = []
    for (const recount of recounts) {
      for (const verification of await db.run(recount)) {
        verifications.push(verification)
        onVerified(verification)
      }
    }
    return verifications
  })

/**
 * Whole tables are read here, unlike anywhere else. In parallel and with little memory, PostgreSQL 18 took minutes
 * for a `distinct` of 800,000 rows that takes a second this way.
 */
export const allowScans = statement<Record<never, never>, unknown>(
  'verify_settings',
  { reads: [] },
  () => sql`select set_config('enable_seqscan', 'on', true), set_config('work_mem', '256MB', true),
    set_config('max_parallel_workers_per_gather', '0', true)`,
)

/** Live rows of every kind, with the user they make active. */
const liveRows = sql`(${sql.join(
  kinds.map((kind) => {
    const { table, owner, isActivity } = kindTable[kind]
    return sql`
  select ${kindLiteral(kind)} as kind, ${table.id} as id, ${table.createdAt} as created_at, ${isActivity ? owner : sql`null`} as user_id
  from ${table} where ${table.deletedAt} is null`
  }),
  sql`
  union all`,
)}
)`

/** Live rows of every kind of crowd: users in those of their classes, too. */
const crowdRows = sql`(
  select kind, id, created_at from ${liveRows} as live
  union all
  select crowd, ${users.id}, ${users.createdAt}
  from ${users}, unnest(rollup.crowds_of(${kindLiteral('signup')}::smallint, rollup.flags_of(${users.isActive}, ${users.isAdmin}))) as crowd
  where ${users.deletedAt} is null and crowd <> ${kindLiteral('signup')}
)`

/** Live rows by the columns that count them: users in those of their class, too. */
const countedRows = sql`(${sql.join(
  kinds.map((kind) => {
    const { table, metric } = kindTable[kind]
    return sql`
  select ${sql.raw(`'${metric}'`)} as counted, ${table.createdAt} as created_at from ${table} where ${table.deletedAt} is null
  union all`
  }),
)}
  select counted, ${users.createdAt} from ${users}, unnest(array[
    case when not ${users.isActive} then 'inactive' end, case when ${users.isAdmin} then 'admins' end,
    case when not ${users.isActive} and ${users.isAdmin} then 'inactive_admins' end
  ]) as counted where ${users.deletedAt} is null and counted is not null
)`
const countColumns = [...metrics, 'inactive', 'admins', 'inactive_admins']

/** The tables whose rows make users active. */
const activityTables = activityKinds.map((kind) => kindTable[kind].tableName)

/** As recounts are: what is installed against what the migration made. */
const triggers = statement<Record<never, never>, Verification>(
  'verify_triggers',
  { reads: [] },
  () => sql<Verification>`
    select 'triggers' as rollup, (select count(*) from rollup.installed) as entries, count(*) as drift,
      to_json(coalesce((array_agg(concat_ws(' ', relation, name, fault) order by relation, name, fault))[:3], '{}')) as examples
    from rollup.trigger_faults`,
)

export const recounts = [
  triggers,
  recount(
    'totals',
    tableNames,
    sql`select kind::text as key, n::text as value from rollup.current_totals`,
    sql`select k::text, (select count(*) from ${liveRows} as live where kind = k)::text from unnest(array[${sql.join(kinds.map(kindLiteral), sql`, `)}]) as k`,
  ),
  recount(
    'counts',
    tableNames,
    sql`select concat_ws(' ', counted, span, bucket) as key, sum(n)::text as value
      from rollup.current_buckets, lateral (values ${sql.raw(countColumns.map((name) => `('${name}', ${name})`).join(', '))}) as counts (counted, n)
      group by counted, span, bucket having sum(n) <> 0`,
    sql`select concat_ws(' ', counted, span, bucket), sum(n)::text
      from (
        select counted, span,
          date_trunc(case span when ${spanLiteral('quarterHour')} then 'minute' else span::text end, quarter_hour, 'UTC') as bucket, n
        from (select counted, ${quarterHourOf(sql`created_at`)} as quarter_hour, count(*) as n from ${countedRows} as live group by 1, 2) as q,
          unnest(enum_range(null::rollup.span)) as span
      ) as spans
      group by counted, span, bucket`,
  ),
  recount(
    'user_days',
    activityTables,
    sql`select concat_ws(' ', user_id, day) as key,
        concat_ws(' ', ${perActivityKind((kind) => sql.raw(`sum(${kindTable[kind].metric})`))}) as value
      from rollup.current_user_days group by user_id, day having sum(posts) <> 0 or sum(comments) <> 0 or sum(sessions) <> 0`,
    sql`select concat_ws(' ', user_id, rollup.utc_day(created_at)),
        concat_ws(' ', ${perActivityKind((kind) => sql`count(*) filter (where kind = ${kindLiteral(kind)})`)})
      from ${liveRows} as live where user_id is not null group by user_id, rollup.utc_day(created_at)`,
  ),
  recount(
    'active_users',
    activityTables,
    sql`select a.day::text as key, concat_ws(' ', daily, weekly, monthly) as value
      from (
        select day, sum(daily) as daily, sum(weekly) as weekly, sum(monthly) as monthly
        from (
          select day, daily, weekly, monthly from rollup.active_users
          union all
          select * from ${perDay(sql`rollup.pending_active`)} as pending
        ) as both_parts group by day
      ) as a
      where (daily, weekly, monthly) <> (0, 0, 0)`,
    sql`select day::text, concat_ws(' ', daily, weekly, monthly)
      from ${perDay(sql`(
        with days as (
          select user_id, day, lead(day) over (partition by user_id order by day) as next_day
          from (select distinct user_id, rollup.utc_day(created_at) as day from ${liveRows} as live where user_id is not null) as d
        )
        select span, day, 1 as n from days, unnest(array[1, 7, 30]) as span
        union all
        select span, least(day + span, next_day), -1 from days, unnest(array[1, 7, 30]) as span
      )`)} as expected
      where (daily, weekly, monthly) <> (0, 0, 0)`,
  ),
  recount(
    'post_comments',
    ['posts', 'comments'],
    sql`select post_id::text as key, sum(n) || case sum(lives) when 1 then ' on a live post' else '' end as value
      from rollup.current_post_comments group by post_id having (sum(n), sum(lives)) <> (0, 0)`,
    sql`select post_id::text, coalesce(n, 0) || case when is_live then ' on a live post' else '' end
      from (select ${posts.id} as post_id, true as is_live from ${posts} where ${posts.deletedAt} is null) as live full join (
        select ${comments.postId} as post_id, count(*) as n from ${comments} where ${comments.deletedAt} is null group by 1
      ) as discussed using (post_id)`,
  ),
  recount(
    'user_totals',
    ['users', 'posts', 'comments'],
    sql`select user_id::text as key, concat_ws(' ', coalesce(cohort::text, 'nobody'), posts, comments) as value
      from (
        select user_id, cohort, posts, comments from rollup.user_totals
        where user_id not in (select user_id from rollup.pending_user_totals)
        union all
        select user_id, cohort, posts, comments from rollup.pending_user_totals
      ) as both_parts
      where cohort is not null or (posts, comments) <> (0, 0)`,
    sql`select user_id::text, concat_ws(' ', coalesce(max(cohort)::text, 'nobody'), sum(posts), sum(comments))
      from (
        select id as user_id, ${monthOf(sql`created_at`)} as cohort, 0 as posts, 0 as comments from ${liveRows} as live
        where kind = ${kindLiteral('signup')}
        union all
        select user_id, null, (kind = ${kindLiteral('post')})::integer, (kind = ${kindLiteral('comment')})::integer
        from ${liveRows} as live where kind in (${kindLiteral('post')}, ${kindLiteral('comment')})
      ) as counted
      where user_id is not null group by user_id`,
  ),
  recount(
    'retention',
    tableNames,
    sql`select concat_ws(' ', cohort, month) as key, sum(n)::text as value
      from (
        select cohort, month, n from rollup.retention
        union all
        select cohort, month, n from rollup.pending_retention
      ) as both_parts
      group by cohort, month having sum(n) <> 0`,
    sql`select concat_ws(' ', ${monthOf(sql`signup.created_at`)}, month), count(*)::text
      from ${liveRows} as signup join (
        select distinct user_id, ${monthOf(sql`created_at`)} as month from ${liveRows} as live
      ) as active on active.user_id = signup.id
      where signup.kind = ${kindLiteral('signup')} and month >= ${monthOf(sql`signup.created_at`)}
      group by ${monthOf(sql`signup.created_at`)}, month`,
  ),
  recount(
    'segments',
    tableNames,
    sql`select concat_ws(' ', kind, created_at, id) as key, (n + coalesce(pending, 0))::text as value
      from rollup.segments as s left join (
        select segment.kind, segment.bucket, segment.created_at, segment.id, sum(p.n) as pending
        from rollup.pending_crowds as p, ${segmentOf(sql`p`)} as segment group by 1, 2, 3, 4
      ) as added using (kind, bucket, created_at, id)`,
    sql`select concat_ws(' ', s.kind, s.created_at, s.id), count(rows.*)::text
      from rollup.segments as s left join (
        select segment.* from ${crowdRows} as live, ${segmentOf(sql`live`)} as segment
      ) as rows using (kind, bucket, created_at, id)
      group by s.kind, s.created_at, s.id`,
  ),
]

/** How many verifications `verify` makes. */
export const verificationCount = recounts.length

function perActivityKind(of: (kind: (typeof activityKinds)[number]) => SQL): SQL {
  return sql.join(activityKinds.map(of), sql`, `)
}

/** The UTC month, by its first day. */
function monthOf(instant: SQL): SQL {
  return sql`date_trunc('month', ${instant} at time zone 'UTC')::date`
}

/** The segment of its crowd that a row lies in; none where there is no crowd. */
function segmentOf(row: SQL): SQL {
  return sql`lateral (
    select * from rollup.segments as near
    where near.kind = ${row}.kind and near.bucket = ${quarterHourOf(sql`${row}.created_at`)}
      and (near.created_at, near.id) <= (${row}.created_at, ${row}.id)
    order by near.created_at desc, near.id desc limit 1
  )`
}

/** Compares two queries of `(key, value)` texts: what the rollup says, and what a recount says. */
function recount(rollup: string, reads: readonly TableName[], stored: SQL, expected: SQL) {
  return statement<Record<never, never>, Verification>(
    `verify_${rollup}`,
    { reads },
    () => sql<Verification>`
      select ${sql.raw(`'${rollup}'`)} as rollup,
        count(*) as entries,
        count(*) filter (where differs) as drift,
        to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
          filter (where differs))[:3], '{}')) as examples
      from (
        select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
        from (${stored}) as s (key, value)
          full join (${expected}) as e (key, value) using (key)
      ) as compared`,
  )
}

/** Steps `(span, day, n)` summed up into the levels of each day between the first and the last. */
function perDay(steps: SQL): SQL {
  return sql`(
    select day + number as day,
      coalesce(sum(n) filter (where span = 1), 0) as daily,
      coalesce(sum(n) filter (where span = 7), 0) as weekly,
      coalesce(sum(n) filter (where span = 30), 0) as monthly
    from (
      select span, day, lead(day) over by_day as until, sum(n) over by_day as n
      from (select span, day, sum(n) as n from ${steps} as steps group by span, day having sum(n) <> 0) as summed
      window by_day as (partition by span order by day)
    ) as levels, generate_series(0, until - day - 1) as number
    group by 1
  )`
}
