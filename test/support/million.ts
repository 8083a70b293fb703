import type { TestSql } from './database.ts'

/** The community at scale: 20,000 users, 100,000 posts, 800,000 comments and 100,000 sessions over 1,000 days. */
export const million = {
  users: 20_000,
  posts: 100_000,
  comments: 800_000,
  sessions: 100_000,
  days: 1000,
}

/** Foreign keys are not looked up meanwhile, the rollups count as ever. */
export async function fillMillion(pool: TestSql): Promise<void> {
  const sql = await pool.reserve()
  const moment = (of: number) =>
    sql`now() - ${million.days}::int * interval '1 day' * (1 - i::float8 / ${of}::int)`
  /** A hundred users a day, others every day. */
  const someone = (of: number) => sql`1 + (i / ${of / million.days}::int) % 200 * 100 + i % 100`
  try {
    await sql`set session_replication_role = replica`
    await sql`insert into users (username, created_at) select 'user ' || i, ${moment(million.users)} from generate_series(1, ${million.users}::int) as i`
    await sql`insert into posts (author_id, title, body, created_at) select ${someone(million.posts)}, 'Title ' || i, 'Body of it', ${moment(million.posts)} from generate_series(1, ${million.posts}::int) as i`
    await sql`insert into comments (post_id, author_id, body, created_at) select 1 + i / 8, ${someone(million.comments)}, 'Comment', ${moment(million.comments)} from generate_series(1, ${million.comments}::int - 8) as i`
    await sql`insert into sessions (user_id, created_at, last_seen_at) select ${someone(million.sessions)}, ${moment(million.sessions)}, ${moment(million.sessions)} from generate_series(1, ${million.sessions}::int) as i`
    await sql`reset session_replication_role`
    await sql`select rollup.fold()`
    await sql`vacuum analyze`
  } finally {
    sql.release()
  }
}
