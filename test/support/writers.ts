import fc from 'fast-check'
import type postgres from 'postgres'
import type { TestSql } from './database.ts'

type Write = { readonly name: keyof typeof writes; readonly n: number; readonly at: string }
type Transaction = {
  readonly writes: readonly Write[]
  readonly isolation: 'read committed' | 'repeatable read' | 'serializable'
  readonly end: 'commit' | 'rollback'
}

/** What writers do; `n` picks rows, `at` is when something happened. */
const writes = {
  signUp: (sql, { n, at }) =>
    sql`insert into users (username, is_active, is_admin, created_at) select 'u' || i, i % 4 > 0, i % 3 = 0, ${at} from generate_series(1, ${1 + (n % 4)}::int) i`,
  post: (sql, { n, at }) =>
    sql`insert into posts (author_id, created_at) select ${someUser(sql, n)}, ${at}::timestamptz + i * interval '9 hours' from generate_series(1, ${1 + (n % 5)}::int) i`,
  postWithoutAuthor: (sql, { at }) => sql`insert into posts (created_at) values (${at})`,
  postsOfEveryone: (sql, { at }) =>
    sql`insert into posts (author_id, created_at) select id, ${at} from users where deleted_at is null limit 20`,
  comment: (sql, { n, at }) =>
    sql`insert into comments (post_id, author_id, body, created_at) select id, ${someUser(sql, n)}, '', ${at} from posts where id % 3 = ${n % 3} limit 5`,
  session: (sql, { n, at }) =>
    sql`insert into sessions (user_id, created_at) select id, ${at} from users where id % 5 = ${n % 5} limit 10`,
  softDelete: (sql, { n }) => sql`update posts set deleted_at = now() where id % 4 = ${n % 4}`,
  restore: (sql, { n }) => sql`update posts set deleted_at = null where id % 3 = ${n % 3}`,
  softDeleteUser: (sql, { n }) => sql`update users set deleted_at = now() where id % 7 = ${n % 7}`,
  restoreUser: (sql, { n }) => sql`update users set deleted_at = null where id % 3 = ${n % 3}`,
  moveSignUp: (sql, { n, at }) => sql`update users set created_at = ${at} where id % 4 = ${n % 4}`,
  softDeleteComment: (sql, { n }) =>
    sql`update comments set deleted_at = now() where id % 2 = ${n % 2}`,
  move: (sql, { n, at }) => sql`update comments set created_at = ${at} where id % 5 = ${n % 5}`,
  handOver: (sql, { n }) =>
    sql`update comments set author_id = ${someUser(sql, n)} where id % 3 = ${n % 3}`,
  moveToPost: (sql, { n }) =>
    sql`update comments set post_id = (select min(id) from posts) where id % 6 = ${n % 6} and exists (select from posts)`,
  deactivate: (sql, { n }) => sql`update users set is_active = id % 3 = ${n % 3}`,
  promote: (sql, { n }) => sql`update users set is_admin = not is_admin where id % 4 = ${n % 4}`,
  heartbeat: (sql) => sql`update sessions set last_seen_at = now()`,
  upsert: (sql, { n, at }) =>
    sql`insert into users (id, username, created_at) values (${n % 10}, 'upserted', ${at}) on conflict (id) do update set created_at = excluded.created_at, deleted_at = null`,
  deletePosts: (sql, { n }) => sql`delete from posts where id % 5 = ${n % 5}`,
  deleteUsers: (sql, { n }) => sql`delete from users where id % 6 = ${n % 6}`,
  deleteSessions: (sql, { n }) => sql`delete from sessions where id % 2 = ${n % 2}`,
  truncateSessions: (sql) => sql`truncate sessions`,
  truncateComments: (sql) => sql`truncate comments`,
  truncatePosts: (sql) => sql`truncate posts cascade`,
  truncateUsers: (sql) => sql`truncate users cascade`,
  fold: (sql) => sql`select rollup.fold()`,
} satisfies Record<
  string,
  (sql: postgres.ISql<{ instant: string }>, write: Write) => Promise<unknown>
>

const someUser = (sql: postgres.ISql<{ instant: string }>, n: number) =>
  sql`(select id from users order by id % ${1 + (n % 13)}, id limit 1)`

const everyWrite = Object.keys(writes).filter((name): name is keyof typeof writes => name in writes)
/** To a snapshot older than it, a truncated table looks empty already: no rollup can follow that. */
export const truncates = everyWrite.filter((name) => name.startsWith('truncate'))
export const quietWrites = everyWrite.filter((name) => !truncates.includes(name))

/** What several connections do at once, each transaction by transaction. */
export const writersOf = (names: readonly Write['name'][]) =>
  fc.array(
    fc.array(
      fc.record({
        writes: fc.array(
          fc.record({
            name: fc.constantFrom(...names),
            n: fc.nat(1000),
            at: fc
              .record({ day: fc.nat(70), minute: fc.nat(1439) })
              .map(({ day, minute }) =>
                new Date(Date.UTC(2020, 0, 15 + day, 0, minute)).toISOString(),
              ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        isolation: fc.constantFrom(
          'read committed' as const,
          'repeatable read' as const,
          'serializable' as const,
        ),
        end: fc.constantFrom(
          'commit' as const,
          'commit' as const,
          'commit' as const,
          'rollback' as const,
        ),
      }),
      { minLength: 3, maxLength: 20 },
    ),
    { minLength: 2, maxLength: 4 },
  )

/** What concurrent writers may run into; their transaction is then as if it had never been. */
const collisions = ['40001', '40P01', '0A000', '23503', '23505', 'rolled back']

export const perform = (sql: TestSql, writers: readonly (readonly Transaction[])[]) =>
  Promise.all(writers.map((transactions) => inTurn(sql, transactions)))

async function inTurn(sql: TestSql, transactions: readonly Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    try {
      await sql.begin(`isolation level ${transaction.isolation}`, async (tx) => {
        await tx`set local deadlock_timeout = '20ms'`
        for (const write of transaction.writes) await writes[write.name](tx, write)
        if (transaction.end === 'rollback')
          throw Object.assign(new Error(), { code: 'rolled back' })
      })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && collisions.includes(String(error.code))))
        throw error
    }
  }
}
