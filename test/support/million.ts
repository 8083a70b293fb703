import postgres from 'postgres'
import { tableNames } from '../../src/db/rollup/kinds.ts'
import { countLoaded, foldLast } from '../../src/db/rollup/load.ts'

/**
 * The community at scale, over 1,000 days: 20,000 users, 100,000 posts, 800,000 comments, 60,000 of them on one post, and
 * 100,000 sessions. Two users are admins, one of them inactive; every seventh was never seen.
 */
export const million = {
  users: 20_000,
  posts: 100_000,
  comments: 800_000,
  sessions: 100_000,
  days: 1000,
  /** The post with 60,000 comments. */
  crowdedPost: 50_000,
  /** Words that three in ten posts have, and one in a thousand. */
  words: { common: 'gardening', rare: 'marzipan' },
  /** Tags, and values of the metadata `topic`, of three in ten posts, of one in ten thousand, and of half of the older half. */
  labels: { common: 'diy', rare: 'sextant', old: 'fax' },
}

/** As an import does: what refers to nothing is counted at once, and indexes are made when the rows are there. */
export async function fillMillion(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { TimeZone: 'UTC' } })
  const moment = (of: number) =>
    sql`now() - ${million.days}::int * interval '1 day' * (1 - i::float8 / ${of}::int)`
  /** A hundred users a day, others every day. */
  const someone = (of: number) => sql`1 + (i / ${of / million.days}::int) % 200 * 100 + i % 100`
  const { common, rare } = million.words
  const { labels } = million
  try {
    await sql`begin`
    const indexes = await sql<{ name: string; definition: string }[]>`
      select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
      from pg_index join pg_class on pg_class.oid = indrelid
      where relnamespace = 'public'::regnamespace and not indisunique`
    for (const { name } of indexes) await sql.unsafe(`drop index ${name}`)
    await sql`set local session_replication_role = replica`
    await sql`set local rollup.loading = on`
    await sql`insert into users (username, created_at, is_active, is_admin, preferences, last_seen_at)
      select 'user ' || i, ${moment(million.users)}, i % 20 <> 0, i % 10000 in (4711, 20) and i < 10100,
        case when i % 3 > 0 then jsonb_build_object('theme', case when i % 1000 = 500 then 'sepia' else 'dark' end) else '{}' end,
        case when i % 7 <> 0 then least(now(), ${moment(million.users)} + i % 90 * interval '1 day') end
      from generate_series(1, ${million.users}::int) as i`
    await sql`insert into posts (author_id, title, body, tags, metadata, created_at)
      select ${someone(million.posts)}, 'Title ' || i,
        concat('Body of it', case when i % 10 < 3 then ${` and ${common}`} end, case when i % 1000 = 500 then ${` and ${rare}`} end),
        case when label is not null then array['post', label] end,
        case when label is null then '{}' else jsonb_build_object('topic', label, 'number', i) end, ${moment(million.posts)}
      from (
        select i, case when i % 10000 = 500 then ${labels.rare} when i % 10 in (1, 4, 7) then ${labels.common}
            when i % 2 = 0 and i <= ${million.posts / 2}::int then ${labels.old} end as label
        from generate_series(1, ${million.posts}::int) as i
      ) as numbered`
    await sql`insert into comments (post_id, author_id, body, created_at)
      select case when i % 40 < 3 then ${million.crowdedPost}::int else 1 + i / 8 end, ${someone(million.comments)}, 'Comment', ${moment(million.comments)}
      from generate_series(1, ${million.comments}::int - 8) as i`
    await sql`insert into sessions (user_id, created_at, last_seen_at) select ${someone(million.sessions)}, ${moment(million.sessions)}, ${moment(million.sessions)} from generate_series(1, ${million.sessions}::int) as i`
    for (const { definition } of indexes) await sql.unsafe(definition)
    await countLoaded(sql, {
      sources: tableNames.map((table) => [table, `public.${table}`]),
      ownIds: { users: 'select id from public.users', posts: 'select id from public.posts' },
    })
    await foldLast(sql)
    await sql`commit`
    await sql`select rollup.fold()`
    await sql`vacuum analyze`
  } finally {
    await sql.end()
  }
}
