import { sql } from 'drizzle-orm'
import type { Asked, FilterName } from '../../db/list/list.ts'
import type { Match } from '../../db/list/matching.ts'
import { posts } from '../../db/schema.ts'

/** The posts that have all of the tags, whose metadata contains one of the objects, or both; the indexes hold those that have any. */
export function labelled(filters: readonly FilterName[], asked: Asked): Match {
  const [tags, metadata] = (['tags', 'properties'] as const).map((name) => filters.includes(name))
  const conditions = [
    ...(tags ? [sql`${posts.tags} is not null and ${posts.tags} @> ${asked.tags}::text[]`] : []),
    ...(metadata
      ? [sql`${posts.metadata} <> '{}' and ${posts.metadata} @> any (${asked.properties}::jsonb[])`]
      : []),
  ]
  const none = sql.raw('null')
  return {
    table: posts,
    matches: sql.join(conditions, sql.raw(' and ')),
    expected: sql`rollup.expected_labelled(${tags ? sql`${asked.tags}::text[]` : none}, ${metadata ? sql`${asked.properties}::jsonb[]` : none})`,
  }
}
