import { sql } from 'drizzle-orm'
import { onlyRow } from '../../db/bound-statement.ts'
import type { Database } from '../../db/database.ts'
import { rfc3339 } from '../../db/instant.ts'
import { kinds, kindTable, type TableName } from '../../db/rollup/kinds.ts'
import { currentTotals } from '../../db/rollup/tables.ts'
import { statement } from '../../db/statement.ts'

/** A row to start from. */
export type Sample = { readonly at: string; readonly id: number }

/** A user or post, and how many rows it has among those looked at. */
export type Counted = { readonly id: number; readonly n: number }

/** What there is in a database to ask its statements for; what is not there is made up, so that it can be asked all the same. */
export type Samples = {
  readonly total: Readonly<Record<TableName, number>>
  /** In the middle of each table and at its old end. */
  readonly middle: Readonly<Record<TableName, Sample | null>>
  readonly oldest: Readonly<Record<TableName, Sample | null>>
  /** Authors among the newest posts and comments, users among the newest sessions, and what is theirs. */
  readonly authors: readonly Counted[]
  readonly users: readonly Counted[]
  /** The posts with the most and the fewest comments. */
  readonly posts: readonly Counted[]
  /** Words of the newest posts, from those that many have to those that one has. */
  readonly words: readonly string[]
  readonly usernames: readonly string[]
  /** Tags of the newest posts, values of their metadata and of the newest users' preferences: so, too. */
  readonly tags: readonly string[]
  readonly metadata: readonly string[]
  readonly preferences: readonly string[]
  /** The end of what a search looks at one after the other: the post 10,000 from the newest. */
  readonly edge: Sample | null
  readonly now: string
}

/** Rows that are looked at for what is frequent. */
const looked = sql.raw('2000')

const perTable = (of: (kind: (typeof kinds)[number]) => ReturnType<typeof sql>) =>
  sql`json_build_object(${sql.join(
    kinds.map((kind) => sql`${sql.raw(`'${kindTable[kind].tableName}'`)}, (${of(kind)})`),
    sql`, `,
  )})`

/** A few thousand rows by their indexes, whatever the tables hold. */
const findSamples = statement<Record<never, never>, { samples: Samples }>(
  'explain_samples',
  { reads: [] },
  () => sql<{ samples: Samples }>`
    select json_build_object(
      'total', (select ${perTable((kind) => sql`select coalesce(sum(n), 0) from ${currentTotals} where kind = ${sql.raw(String(kindTable[kind].number))}`)}),
      'middle', (select ${perTable((kind) => rowOf(kind, sql`id >= (select (min(id) + max(id)) / 2 from ${kindTable[kind].table}) order by id`))}),
      'oldest', (select ${perTable((kind) => rowOf(kind, sql`true order by created_at, id`))}),
      'authors', array(${frequent(sql`
        (select author_id as id from posts where deleted_at is null order by created_at desc, id desc limit ${looked})
        union all
        (select author_id from comments where deleted_at is null order by created_at desc, id desc limit ${looked})`)}),
      'users', array(${frequent(sql`(select user_id as id from sessions where deleted_at is null order by created_at desc, id desc limit ${looked})`)}),
      'posts', array(
        (select json_build_object('id', post_id, 'n', n) from rollup.post_comments where is_live order by n desc, post_id desc limit 1)
        union all
        (select json_build_object('id', post_id, 'n', n) from rollup.post_comments where is_live order by n, post_id limit 1)),
      'words', array(
        select word
        from (select title, body from posts where deleted_at is null order by created_at desc, id desc limit ${looked}) as newest,
          lateral (select distinct word from regexp_split_to_table(lower(concat(title, ' ', left(body, 500))), '[^[:alpha:]]+') as word) as words
        where char_length(word) between 5 and 20
        group by word order by count(*) desc, word),
      'usernames', array(select username from users where deleted_at is null order by created_at desc, id desc limit 100),
      'tags', array(
        select tag from (select tags from posts where deleted_at is null order by created_at desc, id desc limit ${looked}) as newest, unnest(tags) as tag
        group by tag order by count(*) desc, tag),
      'metadata', array(${valuesOf('posts', 'metadata')}),
      'preferences', array(${valuesOf('users', 'preferences')}),
      'edge', (${rowOf('post', sql`true order by created_at desc, id desc offset 9999`)}),
      'now', ${rfc3339(sql`now()`)}
    ) as samples`,
)

const rowOf = (kind: (typeof kinds)[number], condition: ReturnType<typeof sql>) => sql`
        select json_build_object('at', ${rfc3339(sql`created_at`)}, 'id', id) from ${kindTable[kind].table}
        where deleted_at is null and ${condition} limit 1`

/** Objects of one short value each. */
const valuesOf = (table: 'posts' | 'users', column: 'metadata' | 'preferences') => sql`
        select json_build_object(key, value)::text
        from (select ${sql.raw(column)} from ${sql.raw(table)} where deleted_at is null order by created_at desc, id desc limit ${looked}) as newest,
          jsonb_each(${sql.raw(column)}) where jsonb_typeof(value) not in ('object', 'array') and char_length(value::text) < 100
        group by key, value order by count(*) desc, key, value`

/** Ids by how often they stand there. */
const frequent = (rows: ReturnType<typeof sql>) => sql`
        select json_build_object('id', id, 'n', count(*)) from (${rows}) as newest
        where id is not null group by id order by count(*) desc, id`

/** What the database holds, by short reads. */
export const samplesIn = async (db: Database): Promise<Samples> =>
  onlyRow(await db.run(findSamples)).samples
