/** SQL of a page as one writes it by hand, newest first, for the twins and for pgbench. */
const tables = ['posts', 'comments', 'users']
export const usual = [0, 1, 2]

/** Written into the SQL: with an open limit the generic plan would sort whole tables. */
export const pageSize = 20

const rfc3339 = (instant: string) =>
  `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const merged = (kinds: readonly number[], columns: readonly string[]) => `
    select * from (
      ${kinds
        .map(
          (kind, at) => `
      (select ${columns[kind]} from ${tables[kind]}
       where deleted_at is null and (created_at, id) < ($1::timestamptz, $${at + 2}::bigint)
       order by created_at desc, id desc limit ${pageSize + 1})`,
        )
        .join(' union all ')}
    ) as merged
    order by created_at desc, kind, id desc limit ${pageSize + 1}`

/** What the twin asks: the ids first, then whatever belongs to them. $1 is an instant, the next are ids, one for each kind. */
export const page = (kinds: readonly number[]): string => `
  with picked as materialized (${merged(
    kinds,
    usual.map((kind) => `${kind} as kind, id, created_at`),
  )})
  select kind, picked.id, ${rfc3339('picked.created_at')} as "createdAt",
    u.id as "actorId", u.username, p.id as "postId", p.title,
    left(case kind when 0 then p.body else c.body end, 200) as excerpt,
    (select sum(n)::bigint from rollup.current_totals where kind in (${kinds})) as total,
    ${rfc3339('now()')} as "asOf"
  from picked
  left join comments c on kind = 1 and c.id = picked.id
  left join posts p on p.id = case kind when 0 then picked.id when 1 then c.post_id end
  left join users u on u.id = case kind when 0 then p.author_id when 1 then c.author_id else picked.id end
  order by picked.created_at desc, kind, picked.id desc`

/** The least there is to a page: its rows with what they show, and neither total nor JSON. */
export const rows = (kinds: readonly number[]): string => `
  select page.kind, page.id, page.created_at, u.id, u.username, page.post_id, coalesce(page.title, p.title), page.excerpt
  from (${merged(kinds, [
    '0 as kind, id, created_at, author_id as user_id, id as post_id, title, left(body, 200) as excerpt',
    '1 as kind, id, created_at, author_id as user_id, post_id, null::text as title, left(body, 200) as excerpt',
    '2 as kind, id, created_at, id as user_id, null::bigint as post_id, null::text as title, null::text as excerpt',
  ])}) as page
  left join users u on u.deleted_at is null and u.id = page.user_id
  left join posts p on page.kind = 1 and p.deleted_at is null and p.id = page.post_id
  order by page.created_at desc, page.kind, page.id desc`

const post = (
  body: string,
) => `p.id, p.title, ${body} as body, p.created_at, ${rfc3339('p.created_at')} as "createdAt",
    ${rfc3339('p.updated_at')} as "updatedAt", u.id as "authorId", u.username,
    (select count(*) from comments c where c.post_id = p.id and c.deleted_at is null) as "commentsCount",
    p.tags, coalesce((select n from post_views v where v.post_id = p.id), 0) as "viewsCount"`

/** The posts list's first page, newest first; $1 and $2 are the position it goes on from. */
export const postsPage = `
  select ${post('left(p.body, 5001)')}, total.n as total, ${rfc3339('now()')} as "asOf"
  from (
    select * from posts where deleted_at is null and (created_at, id) < ($1::timestamptz, $2::bigint)
    order by created_at desc, id desc limit ${pageSize + 1}
  ) as p
  left join users u on u.id = p.author_id and u.deleted_at is null
  cross join (select n from rollup.current_totals where kind = 0) as total
  order by p.created_at desc, p.id desc`

export const postById = `
  select ${post('p.body')}, p.metadata from posts p left join users u on u.id = p.author_id and u.deleted_at is null
  where p.id = $1::bigint and p.deleted_at is null`
