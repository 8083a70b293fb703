import type { Bulk, Fragment } from '../../db/bulk/bulk.ts'
import type { TableName } from '../../db/rollup/kinds.ts'
import { chanceFunction } from './chance.ts'
import type { DemoCounts } from './counts.ts'
import { textFunctions } from './texts.ts'

type Sql = Bulk['sql']

/** A demo as the database remembers it: the ids its rows took, as ranges of PostgreSQL's (`[1,301)`). */
export type RememberedDemo = Readonly<Record<TableName, string>> & {
  readonly id: string
  readonly seed: string
  /** The community's last moment. */
  readonly until: string
}

/** By what a row within the ids is known as the demo's: one that somebody wrote or changed there bears another text. */
const marks = {
  users: (sql, row) => {
    const [id, name] = [sql(`${row}.id`), sql(`${row}.username`)]
    return sql`${name} = pg_temp.username(${id}) and ${sql(`${row}.email`)} is not distinct from pg_temp.email(${id}, ${name})`
  },
  posts: (sql, row) => {
    const id = sql(`${row}.id`)
    return sql`${sql(`${row}.title`)} = pg_temp.title(${id}) and ${sql(`${row}.body`)} = pg_temp.story(${id})`
  },
  comments: (sql, row) => sql`${sql(`${row}.body`)} = pg_temp.remark(${sql(`${row}.id`)})`,
  sessions: (sql, row, demo) => sql`exists (
    select from public.users as its_user
    where its_user.id = ${sql(`${row}.user_id`)} and ${isRowOf(sql, 'users', demo, 'its_user')})`,
} satisfies Record<TableName, (sql: Sql, row: string, demo: RememberedDemo) => Fragment>

/** Notes, in the demo's own transaction, that the rows after the `last` ids are a demo's. */
export async function remember(
  sql: Sql,
  demo: { readonly seed: number; readonly until: Date },
  counts: DemoCounts,
  last: DemoCounts,
): Promise<void> {
  const ids = (table: keyof DemoCounts) =>
    sql`int8range(${last[table]}::bigint, ${last[table] + counts[table]}::bigint, '(]')`
  await sql`
    insert into rollup.demo (seed, until, users, posts, comments, sessions)
    values (${demo.seed}::bigint, ${demo.until.toISOString()}::timestamptz,
      ${ids('users')}, ${ids('posts')}, ${ids('comments')}, ${ids('sessions')})`
}

/** What the database remembers, in the order it was made; whether any row of it is left is not asked. */
export const remembered = (sql: Sql): Promise<RememberedDemo[]> =>
  sql<RememberedDemo[]>`
    select id::text, seed::text, until::text, users::text, posts::text, comments::text, sessions::text
    from rollup.demo order by id`

/** Once no row of them is left; costs nobody a right where there is none. */
export async function forgetDemos(sql: Sql): Promise<void> {
  if ((await remembered(sql)).length > 0) await sql`delete from rollup.demo`
}

/** Those of the remembered demos that still have a row; inside a transaction. */
export async function demosIn(sql: Sql): Promise<RememberedDemo[]> {
  const found: RememberedDemo[] = []
  for (const demo of await remembered(sql)) {
    await sql.unsafe(recognition(demo))
    const [row] = await sql<{ isThere: boolean }[]>`
      select exists (select from public.users as u where ${isRowOf(sql, 'users', demo, 'u')})
        or exists (select from public.posts as p where ${isRowOf(sql, 'posts', demo, 'p')})
        or exists (select from public.comments as c where ${isRowOf(sql, 'comments', demo, 'c')}) as "isThere"`
    if (row?.isThere) found.push(demo)
  }
  return found
}

/** The condition that the row of this name is one of the demo's in the table, once `recognition` has run. */
export const isRowOf = (sql: Sql, table: TableName, demo: RememberedDemo, row: string): Fragment =>
  sql`(${isUnderIdsOf(sql, table, demo, row)} and ${marks[table](sql, row, demo)})`

/** The condition that it is one of those, or one that somebody wrote in its place, or rewrote. */
export const isUnderIdsOf = (
  sql: Sql,
  table: TableName,
  demo: RememberedDemo,
  row: string,
): Fragment => sql`(
  ${sql(`${row}.id`)} >= lower(${demo[table]}::int8range) and ${sql(`${row}.id`)} < upper(${demo[table]}::int8range)
  and ${sql(`${row}.created_at`)} < ${demo.until}::timestamptz)`

/** The functions of the session by which a demo's texts follow from its seed. */
export const recognition = ({ seed }: RememberedDemo): string =>
  (chanceFunction(Number(seed)) + textFunctions()).replaceAll(
    'create function',
    'create or replace function',
  )
