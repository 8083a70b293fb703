import { eq, sql } from 'drizzle-orm'
import { users } from '../../src/db/schema.ts'
import { type Placeholders, statement } from '../../src/db/statement.ts'

/** Statements to try a pool and its transactions with. */
export const one = statement(
  'one',
  { reads: [] },
  (_, { n }: Placeholders<{ n: number }>) => sql<{ n: number }>`select ${n}::int as n`,
)
export const pid = statement(
  'pid',
  { reads: [] },
  () => sql<{ pid: number }>`select pg_backend_pid() as pid`,
)
export const sleep = statement(
  'sleep',
  { reads: [] },
  (_, { seconds }: Placeholders<{ seconds: number }>) =>
    sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(${seconds}::float8)::text`,
)
export const fails = statement('fails', { reads: [] }, () => sql<{ n: number }>`select 1/0 as n`)
/** Ends the session it runs on. */
export const terminate = statement(
  'terminate',
  { reads: [] },
  () => sql<{ isDone: boolean }>`select pg_terminate_backend(pg_backend_pid()) as "isDone"`,
)
export const userById = statement(
  'user_by_id',
  { reads: [] },
  (db, { id }: Placeholders<{ id: number }>) => db.select().from(users).where(eq(users.id, id)),
)
export const addUser = statement(
  'add_user',
  { reads: [] },
  (db, row: Placeholders<{ username: string }>) =>
    db.insert(users).values({ username: row.username }).returning({ id: users.id }),
)
export const countUsers = statement(
  'count_users',
  { reads: [] },
  () => sql<{ n: number }>`select count(*) as n from users`,
)
