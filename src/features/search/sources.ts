import { type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import type { Kind } from '../../db/rollup/kinds.ts'
import { posts, users } from '../../db/schema.ts'
import { mostIndexed } from './bounds.ts'
import { headlineOfPost, headlineOfUser } from './headline.ts'
import type { SearchType } from './schemas.ts'

/** What is searched, in terms of the CTE `asked`. */
export type Source = {
  readonly kind: Kind
  readonly table: typeof posts | typeof users
  /** Holds for the rows that match. */
  readonly matches: SQL
  /** Whether the search says anything at all, and whether the index can answer it. */
  readonly isAnswerable: SQL
  readonly isIndexed: SQL
  /** The matches that PostgreSQL expects. */
  readonly expected: SQL
  /** Whether statistics tell that number; of several words, only how rare each is. */
  readonly isKnown: SQL
  /** What a look at a row costs, beside one word's. */
  readonly effort: SQL
  /** How well a row that matches does, from 0 to 1, as of the instant `at`. */
  readonly relevance: (at: SQL) => SQL
  /** The hit as JSON text, from a row of `page` joined to the table and by `joins`. */
  readonly hit: (rank: SQL) => SQL
  readonly joins: SQL
}

/** Of a title: a page of long ones would be megabytes. */
const title = sql`left(${posts.title}, 300)`

export const sources: Readonly<Record<SearchType, Source>> = {
  posts: {
    kind: 'post',
    table: posts,
    matches: sql`${posts.document} @@ (select query from asked)`,
    isAnswerable: sql.raw('(select numnode(query) > 0 from asked)'),
    // an index cannot find what lacks a word, `querytree` is what it can; words that are common cost it much, even where few rows have them all
    isIndexed: sql.raw(
      `(select querytree(query) <> 'T' and (numnode(query) = 1 or rollup.expected_work(query) <= ${mostIndexed}) from asked)`,
    ),
    expected: sql.raw('(select rollup.expected_posts(query) from asked)'),
    isKnown: sql.raw('(select numnode(query) = 1 from asked)'),
    effort: sql.raw('(select 1 + numnode(query) / 70.0 from asked)'),
    // halves in 90 days, is a third after 180; what is dated ahead is of today
    relevance: (at) =>
      sql`ts_rank(${posts.document}, (select query from asked), 16)::float8 / (1 + greatest(extract(epoch from ${at} - ${posts.createdAt})::float8, 0) / 7776000)`,
    hit: (
      rank,
    ) => sql`concat('{"type":"post","id":', ${posts.id}, ',"title":', coalesce(to_json(${title})::text, 'null'),
        ',"headline":', to_json(${headlineOfPost}),
        ',"author":', coalesce('{"id":' || ${users.id} || ',"username":' || to_json(${users.username}) || '}', 'null'),
        ',"createdAt":"', ${rfc3339(posts.createdAt)}, '","rank":', ${rank}, '}')`,
    joins: sql`join ${posts} on ${posts.id} = page.id left join ${users} on ${users.deletedAt} is null and ${users.id} = ${posts.authorId}`,
  },
  users: {
    kind: 'signup',
    table: users,
    matches: sql`lower(${users.username}) like (select pattern from asked)`,
    // where the database knows no letters but ASCII's, whatever is beyond counts as one
    isAnswerable: sql.raw(
      `(select name ~ case when 'ж' ~ '[[:alpha:]]' then '[[:alnum:]]{3}' else '([[:alnum:]]|[^ -~]){3}' end from asked)`,
    ),
    isIndexed: sql.raw('(select rollup.has_trigrams(name) from asked)'),
    expected: sql.raw('(select rollup.expected_users(pattern) from asked)'),
    isKnown: sql.raw('false'),
    effort: sql.raw('1'),
    // exact above prefix above inside, and the more of the name it is the better
    relevance: () =>
      sql`(select case when lower(${users.username}) = name then 3 when starts_with(lower(${users.username}), name) then 2 else 1 end
          + least(char_length(name)::float8 / char_length(${users.username}), 1) from asked) / 4`,
    hit: (
      rank,
    ) => sql`concat('{"type":"user","id":', ${users.id}, ',"username":', to_json(${users.username}),
        ',"headline":', to_json(${headlineOfUser}),
        ',"createdAt":"', ${rfc3339(users.createdAt)}, '","rank":', ${rank}, '}')`,
    joins: sql`join ${users} on ${users.id} = page.id`,
  },
}

/** The search as the sources refer to it; of the name every character is one to be found. */
export const asked = (q: SQL): SQL => sql`
    asked as materialized (
      select *, '%' || replace(replace(replace(name, E'\\\\', E'\\\\\\\\'), '%', E'\\\\%'), '_', E'\\\\_') || '%' as pattern
      from (select websearch_to_tsquery('rollup.search', ${q}::text) as query, lower(btrim(${q}::text)) as name) as given
    )`
