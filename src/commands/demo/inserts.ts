import type { Bulk } from '../../db/bulk/bulk.ts'
import type { Activity, DemoCounts } from './counts.ts'
import type { Era } from './eras.ts'
import type { Span } from './timeline.ts'

type Sql = Bulk['sql']

/** Ids follow the order of arrival. The members, with what drives them, stay in a table of the transaction. */
export async function insertUsers(
  sql: Sql,
  users: number,
  last: number,
  span: Span,
): Promise<void> {
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
      pg_temp.email(id, username),
      pg_temp.chance(id, 5) < 0.98, id = ${last + 1}::bigint or pg_temp.chance(id, 6) < 0.002,
      pg_temp.instant(arrives), pg_temp.instant(arrives), pg_temp.instant(leaves)
    from (select *, pg_temp.username(id) as username from demo_members order by id) as members`
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

/**
 * The first member opens the first post on arrival, so that every comment finds one. Ids follow `last`, the last
 * one so far; `before` is the last one before the whole community.
 */
export const insertPosts = (sql: Sql, index: number, era: Era, last: number, before: number) => sql`
  insert into public.posts (id, author_id, title, body, tags, created_at, updated_at)
  ${moments(sql, 'posts', index, era)}
  select
    drawn.id, coalesce(founder.id, member), pg_temp.title(drawn.id), pg_temp.story(drawn.id), pg_temp.tags(drawn.id),
    pg_temp.instant(coalesce(arrives, day)), pg_temp.instant(coalesce(arrives, day))
  from (
    select ${last}::bigint + row_number() over (order by day, member) as id, member, day from moments
  ) as drawn
  left join (select id, arrives from demo_members order by id limit 1) as founder
    on drawn.id = ${before + 1}::bigint
  order by drawn.id`

/**
 * A comment goes to a post of its time: the newer, the likelier. A ninth of the posts draws a third of all
 * comments, and the ninth of those once more.
 */
export const insertComments = (
  sql: Sql,
  index: number,
  era: Era,
  next: Pick<DemoCounts, 'posts' | 'comments'>,
  before: number,
) => sql`
  insert into public.comments (id, post_id, author_id, body, created_at, updated_at)
  ${moments(sql, 'comments', index, era)},
  timeline as (
    select pg_temp.instant(day) as at, null::bigint as post, member from moments
    union all
    select created_at, id, null from public.posts
    where id > ${next.posts - era.posts}::bigint and id <= ${next.posts}::bigint
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
      latest + 1 - floor(power(latest - ${before}::bigint, pg_temp.chance(id, 34)))::bigint as near,
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
    id, case when hot > ${before}::bigint and hot <= latest then hot else near end, member,
    pg_temp.remark(id), at, at
  from drawn
  order by id`

export const insertSessions = (sql: Sql, index: number, era: Era, last: number) => sql`
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
