import { createReadStream, existsSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { describe, it, type TestContext } from 'vitest'
import type { TestSql } from './database.ts'

/** The data of a real community, beside the checkout: not part of the project. */
export const communityDirectory = fileURLToPath(
  new URL('../../../shared/data/beer-stackexchange', import.meta.url),
)
const missing = `the data of a real community is not there: ${communityDirectory}`

/** For a test on the community: skips it with the reason where the data is missing; in CI fails it. */
export function needCommunity({ skip }: Pick<TestContext, 'skip'>): void {
  if (existsSync(communityDirectory)) return
  if (process.env.CI) throw new Error(missing)
  skip(missing)
}

/** A `describe` whose tests all need the community. */
export function describeCommunity(title: string, tests: () => void): void {
  if (existsSync(communityDirectory)) describe(title, tests)
  else describe(title, () => it('needs its data', needCommunity))
}

const columns = {
  users:
    'id bigint, username text, created_at timestamptz, last_seen_at timestamptz, reputation int, profile_views int',
  posts:
    'id bigint, author_id bigint, title text, body text, created_at timestamptz, updated_at timestamptz, kind text, parent_post_id bigint, score int, view_count int, author_name text, content_license text',
  comments:
    'id bigint, post_id bigint, author_id bigint, body text, created_at timestamptz, score int, author_name text, content_license text',
}

/** The real community as it is, by plain COPY: 6,863 users, 3,471 posts, 3,509 comments. */
export async function loadCommunity(pool: TestSql): Promise<void> {
  const sql = await pool.reserve()
  for (const [table, definition] of Object.entries(columns)) {
    await sql.unsafe(`create temp table ${table}_csv (${definition})`)
    const copy = await sql.unsafe(`copy ${table}_csv from stdin (format csv, header)`).writable()
    await pipeline(createReadStream(`${communityDirectory}/${table}.csv.gz`), createGunzip(), copy)
  }
  await sql`insert into users (id, username, created_at, last_seen_at) select id, username, created_at, last_seen_at from users_csv`
  await sql`insert into posts (id, author_id, title, body, created_at, updated_at) select id, author_id, title, coalesce(body, ''), created_at, coalesce(updated_at, created_at) from posts_csv`
  await sql`insert into comments (id, post_id, author_id, body, created_at) select id, post_id, author_id, body, created_at from comments_csv`
  sql.release()
}
