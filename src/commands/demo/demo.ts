import type postgres from 'postgres'
import { openBulk, skipForeignKeyChecks } from '../../db/bulk.ts'
import { textFunctions } from './texts.ts'

export type DemoOptions = {
  readonly databaseUrl: string
  /** 1 to `mostUsers`. */
  readonly users: number
  /** The same seed and `until` give the same rows. */
  readonly seed?: number
  /** The community's last moment; its first is 1,000 days before. */
  readonly until?: Date
  /** Adds a community to the rows that are there, instead of refusing. */
  readonly append?: boolean
  /** Rolls back. */
  readonly signal?: AbortSignal
  readonly onProgress?: (rows: number, of: number) => void
}
export type DemoCounts = Readonly<Record<'users' | Activity, number>>
type Activity = 'posts' | 'comments' | 'sessions'

/** Some 70 million rows. */
export const mostUsers = 1_000_000

/** The database cannot take a demo community, or the work was interrupted: a sentence for whoever asked. */
export class DemoError extends Error {}

/**
 * Fills the database with a believable community in one transaction: few write most, evenings and Sundays are
 * busy, newcomers arrive faster and faster, most leave again. 71 rows for each user. Others' writes wait for it.
 * @throws DemoError
 */
export async function demo(options: DemoOptions): Promise<DemoCounts> {
  const { signal } = options
  const { sql, abort, close } = await openBulk(options.databaseUrl)
  const onAbort = () => void abort()
  signal?.addEventListener('abort', onAbort)
  try {
    signal?.throwIfAborted()
    await sql`begin`
    const counts = await populate(sql, options)
    await sql`commit`
    signal?.removeEventListener('abort', onAbort)
    await sql`select rollup.fold()`
    await sql`vacuum (analyze) public.users, public.posts, public.comments, public.sessions`
    await sql`vacuum (analyze) rollup.counts, rollup.user_days, rollup.active_users, rollup.post_comments`
    return counts
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new DemoError('Interrupted: nothing was written.', { cause: error })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await close()
  }
}

type Sql = postgres.Sql
/** A stretch of the community's life, and the number of each table's rows that fall into it. */
type Era = { from: number; to: number } & Record<Activity, number>

const days = 1000
const perUser = { posts: 10, comments: 50, sessions: 10 } as const
/** Rows written by one round of statements: fewer cost more rounds of triggers, more show progress late. */
const eraRows = 50_000

async function populate(sql: Sql, options: DemoOptions): Promise<DemoCounts> {
  const { users, seed = 1, until = new Date(), append = false, onProgress = () => {} } = options
  const counts = {
    users,
    posts: users * perUser.posts,
    comments: users * perUser.comments,
    sessions: users * perUser.sessions,
  }
  const total = counts.users + counts.posts + counts.comments + counts.sessions
  const span = { from: evenDay(+until - days * msPerDay), to: evenDay(+until - 1) }

  await sql`lock table public.users, public.posts, public.comments, public.sessions in share row exclusive mode`
  if (!append) await refuseNonEmpty(sql)
  await sql.unsafe(functions(seed))
  // under the lock above, what the rows below refer to is made here and cannot go
  await skipForeignKeyChecks(sql)
  const last = await lastIds(sql)
  await insertUsers(sql, users, last.users, span)

  let done = users
  const next = { posts: last.posts, comments: last.comments, sessions: last.sessions }
  const eras = await planEras(sql, span, counts, Math.ceil(total / eraRows))
  for (const [index, era] of eras.entries()) {
    if (era.posts > 0) await insertPosts(sql, index, era, next.posts, last.posts)
    next.posts += era.posts
    if (era.comments > 0) await insertComments(sql, index, era, next, last.posts)
    next.comments += era.comments
    if (era.sessions > 0) await insertSessions(sql, index, era, next.sessions)
    next.sessions += era.sessions
    done += era.posts + era.comments + era.sessions
    onProgress(done, total)
    // The triggers' statements were planned for nearly empty tables.
    if (Number.isInteger(Math.log2(index + 1))) await sql`analyze rollup.user_days`
  }
  await moveSequences(sql)
  return counts
}

async function refuseNonEmpty(sql: Sql): Promise<void> {
  const [found] = await sql<{ isAlive: boolean }[]>`
    select exists (select from public.users) or exists (select from public.posts)
      or exists (select from public.comments) or exists (select from public.sessions) as "isAlive"`
  if (found?.isAlive) {
    throw new DemoError(
      'This database holds a community already. To add a demo community to it: --append.',
    )
  }
}

async function lastIds(sql: Sql) {
  const [last] = await sql<{ users: number; posts: number; comments: number; sessions: number }[]>`
    select
      coalesce((select max(id) from public.users where id > 0), 0)::float8 as users,
      coalesce((select max(id) from public.posts where id > 0), 0)::float8 as posts,
      coalesce((select max(id) from public.comments where id > 0), 0)::float8 as comments,
      coalesce((select max(id) from public.sessions where id > 0), 0)::float8 as sessions`
  if (!last) throw new DemoError('The database does not answer.')
  return last
}

/**
 * Time is drawn evenly, in days since 1970, and then bent: crowded around Sunday noon, then around 19:00 UTC.
 * It never turns back, so what comes first in even days comes first in the community.
 */
const week = { bend: 0.28, turn: (2 * Math.PI) / 7, shift: 0 }
const day = { bend: 0.13, turn: 2 * Math.PI, shift: -1.822 }
const msPerDay = 86_400_000

/** The even day that bends to an instant (ms since 1970). */
function evenDay(instant: number): number {
  const bent = (at: number, { bend, turn, shift }: typeof day) =>
    at + bend * Math.sin(turn * at + shift)
  let [low, high] = [instant / msPerDay - 1, instant / msPerDay + 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (bent(bent(middle, week), day) * msPerDay < instant) low = middle
    else high = middle
  }
  return low
}

const bentSql = (at: string, { bend, turn, shift }: typeof day) =>
  `(${at} + ${bend} * sin(${turn} * ${at} + ${shift}))`

/** `chance` is all the randomness there is: a number in [0, 1) that follows from the seed, a row and a purpose. */
const functions = (seed: number) => `
  create function pg_temp.chance(row_number bigint, purpose bigint) returns float8
  language sql immutable parallel safe
  return (hashint8extended(row_number, purpose # hashint8extended(${seed}, 0)) & 9007199254740991)::float8 / 9007199254740992;

  create function pg_temp.instant(even_day float8) returns timestamptz
  language sql immutable parallel safe
  return to_timestamp(${bentSql(bentSql('even_day', week), day)} * 86400);
  ${textFunctions()}`

/** Ids follow the order of arrival. The members, with what drives them, stay in a table of the transaction. */
async function insertUsers(
  sql: Sql,
  users: number,
  last: number,
  span: { from: number; to: number },
) {
  await sql`
    create temporary table demo_members on commit drop as
    select id, arrives, least(arrives + stays, ${span.to}::float8) as leaves, eagerness
    from (
      select
        ${last}::bigint + i as id,
        ${span.from}::float8 + ${span.to - span.from}::float8
          * power((i - 1 + pg_temp.chance(i, 1)) / ${users}::float8, 0.6) as arrives,
        0.5 * power(8000, pg_temp.chance(i, 2)) as stays,
        least(power(1 - pg_temp.chance(i, 3), -0.8), 1000) as eagerness
      from generate_series(1, ${users}::bigint) as i
      offset 0
    ) as drawn`
  await sql`analyze demo_members`
  await sql`
    insert into public.users
      (id, username, email, is_active, is_admin, created_at, updated_at, last_seen_at)
    select
      id, username,
      case when pg_temp.chance(id, 4) < 0.9 then format('%s.%s@example.com', username, id) end,
      pg_temp.chance(id, 5) < 0.98, id = ${last + 1}::bigint or pg_temp.chance(id, 6) < 0.002,
      pg_temp.instant(arrives), pg_temp.instant(arrives), pg_temp.instant(leaves)
    from (select *, pg_temp.username(id) as username from demo_members order by id) as members`
}

/** Cuts the span so that every era has its share of the rows by the time its members spend in it. */
async function planEras(
  sql: Sql,
  span: { from: number; to: number },
  counts: DemoCounts,
  wanted: number,
): Promise<Era[]> {
  const eras = Math.min(Math.max(wanted, 10), 500)
  const length = (span.to - span.from) / eras
  const shares = await sql<{ era: number; writing: number; visiting: number }[]>`
    select era::integer, sum(hours * eagerness) as writing, sum(hours * sqrt(eagerness)) as visiting
    from (
      select era, eagerness,
        least(leaves, start + ${length}::float8) - greatest(arrives, start) as hours
      from demo_members,
        generate_series(
          floor((arrives - ${span.from}::float8) / ${length}::float8)::integer,
          floor((leaves - ${span.from}::float8) / ${length}::float8)::integer
        ) as era,
        lateral (select ${span.from}::float8 + era * ${length}::float8 as start) as s
    ) as stays
    where hours > 0 and era < ${eras}::integer
    group by era order by era`
  const writing = apportion(shares.map((share) => share.writing))
  const visiting = apportion(shares.map((share) => share.visiting))
  return shares.map(({ era }, index) => ({
    from: span.from + era * length,
    to: span.from + (era + 1) * length,
    posts: writing(counts.posts, index),
    comments: writing(counts.comments, index),
    sessions: visiting(counts.sessions, index),
  }))
}

/** Splits a whole number by weights into whole numbers that add up to it, the first at least 1. */
function apportion(weights: readonly number[]): (whole: number, index: number) => number {
  let sum = 0
  const upTo = [0, ...weights.map((weight) => (sum += weight))].map((part) => part / sum)
  return (whole, index) =>
    Math.ceil(whole * (upTo[index + 1] ?? 1)) - Math.ceil(whole * (upTo[index] ?? 0))
}

/** Purposes of `chance` beyond those of the texts: one for each table and era. */
const purposes = { posts: 1, comments: 2, sessions: 3 } as const

/**
 * `n` moments of an era: who, and on which even day. Members get turns by eagerness, time spent and mood, each
 * within their stay.
 */
const moments = (sql: Sql, table: Activity, index: number, { from, to, [table]: n }: Era) => sql`
  with present as (
    select
      id, leaves, greatest(arrives, ${from}::float8) as since, least(leaves, ${to}::float8) as till,
      (least(leaves, ${to}::float8) - greatest(arrives, ${from}::float8))
        * ${table === 'sessions' ? sql`sqrt(eagerness)` : sql`eagerness`}
        * -ln(1 - pg_temp.chance(id, ${1000 + index * 4 + purposes[table]}::bigint)) as part
    from demo_members where arrives < ${to}::float8 and leaves > ${from}::float8
  ),
  summed as (select *, sum(part) over (order by id) as up_to from present),
  turns as (
    select id, leaves, since, till,
      floor(${n}::float8 * lag(up_to, 1, 0::float8) over (order by id))::integer as lower,
      floor(${n}::float8 * up_to)::integer as upper
    from (
      select id, leaves, since, till, up_to / max(up_to) over () as up_to from summed
    ) as shares
  ),
  moments as materialized (
    select id as member, leaves, since
      + (till - since) * pg_temp.chance(turn, id * 4096 + ${index * 4 + purposes[table]}::bigint) as day
    from turns, generate_series(lower + 1, upper) as turn
  )`

/** The first member opens the first post on arrival, so that every comment finds one. */
const insertPosts = (sql: Sql, index: number, era: Era, last: number, none: number) => sql`
  insert into public.posts (id, author_id, title, body, created_at, updated_at)
  ${moments(sql, 'posts', index, era)}
  select
    drawn.id, coalesce(founder.id, member), pg_temp.title(drawn.id), pg_temp.story(drawn.id),
    pg_temp.instant(coalesce(arrives, day)), pg_temp.instant(coalesce(arrives, day))
  from (
    select ${last}::bigint + row_number() over (order by day, member) as id, member, day from moments
  ) as drawn
  left join (select id, arrives from demo_members order by id limit 1) as founder
    on drawn.id = ${none + 1}::bigint
  order by drawn.id`

/**
 * A comment goes to a post of its time: the newer, the likelier. A ninth of the posts draws a third of all
 * comments, and the ninth of those once more.
 */
const insertComments = (
  sql: Sql,
  index: number,
  era: Era,
  next: Pick<DemoCounts, 'posts' | 'comments'>,
  none: number,
) => sql`
  insert into public.comments (id, post_id, author_id, body, created_at, updated_at)
  ${moments(sql, 'comments', index, era)},
  timeline as (
    select pg_temp.instant(day) as at, null::bigint as post, member from moments
    union all
    select created_at, id, null from public.posts where id > ${next.posts - era.posts}::bigint
  ),
  placed as (
    select
      at, member, ${next.comments}::bigint + count(member) over past as id,
      coalesce(max(post) over past, ${next.posts - era.posts}::bigint) as latest
    from timeline
    window past as (order by at, post nulls last, member rows unbounded preceding)
  ),
  aimed as (
    select *,
      latest + 1 - floor(power(latest - ${none}::bigint, pg_temp.chance(id, 34)))::bigint as near,
      case when pg_temp.chance(id, 35) < 0.15 then 81 when pg_temp.chance(id, 35) < 0.5 then 9 else 1 end as crowd
    from placed where member is not null
    offset 0
  ),
  drawn as (
    select *, near - near % crowd + floor(crowd * pg_temp.chance(near / crowd, 36))::bigint as hot
    from aimed
    offset 0
  )
  select
    id, case when hot > ${none}::bigint and hot <= latest then hot else near end, member,
    pg_temp.remark(id), at, at
  from drawn
  order by id`

const insertSessions = (sql: Sql, index: number, era: Era, last: number) => sql`
  insert into public.sessions (id, user_id, created_at, last_seen_at)
  ${moments(sql, 'sessions', index, era)}
  select
    id, member, pg_temp.instant(day),
    least(
      pg_temp.instant(day) - ln(1 - pg_temp.chance(id, 41)) * interval '12 minutes',
      pg_temp.instant(leaves)
    )
  from (
    select ${last}::bigint + row_number() over (order by day, member) as id, member, day, leaves from moments
  ) as drawn
  order by id`

/** The rows brought their own ids: the next one given out lies past them. */
async function moveSequences(sql: Sql): Promise<void> {
  for (const table of ['users', 'posts', 'comments', 'sessions'] as const) {
    await sql`
      select setval(sequence, greatest(coalesce(pg_sequence_last_value(sequence), 0), highest))
      from
        (select pg_get_serial_sequence(${`public.${table}`}, 'id')::regclass as sequence) as s,
        (select max(id) as highest from ${sql(`public.${table}`)}) as h`
  }
}
