import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { onlyRow } from '../../db/bound-statement.ts'
import { comments, posts, sessions, users } from '../../db/schema.ts'
import { type Placeholders, type Statement, statement } from '../../db/statement.ts'
import { type Job, jobKind } from '../../jobs/job.ts'

/** Where the walk over what a user left stands, in the order of the owner's index. */
type Position = { readonly isLive: boolean; readonly at: string; readonly id: string }
type Batch = Position & { readonly userId: number; readonly size: number }
type Freed = { readonly n: number } & { readonly [Name in keyof Position]: Position[Name] | null }
type OfUser = { readonly userId: number }

const start: Position = { isLive: false, at: '-infinity', id: '-9223372036854775808' }

type Owned = typeof posts | typeof comments | typeof sessions

/**
 * Frees a batch of what a user owns, and what the audit log says of it from the user's id. What another has locked is passed
 * over: who waited for it would keep all others of the batch waiting.
 */
const freeing = (
  table: Owned,
  owner: PgColumn,
  change: SQL,
  scrubbed: SQL,
  { userId, size, isLive, at, id }: Placeholders<Batch>,
): SQL<Freed> => sql<Freed>`with batch as materialized (
      select ${table.id} as id, ${table.deletedAt} is null as is_live, ${table.createdAt} as created_at from ${table}
      where ${owner} = ${userId}::bigint
        and ((${table.deletedAt} is null), ${table.createdAt}, ${table.id}) > (${isLive}::boolean, ${at}::timestamptz, ${id}::bigint)
      order by (${table.deletedAt} is null), ${table.createdAt}, ${table.id} limit ${size}::integer for no key update skip locked
    ), freed as (
      ${change}
    ), scrubbed as (
      update shopboard.audit_log as log set ${scrubbed}
      from batch where log.table_name = '${sql.raw(tableNameOf(table))}' and log.row_id = batch.id
    )
    select (select count(*)::integer from batch) as n, last.is_live as "isLive", last.created_at::text as at, last.id::text as id
    from (values (1)) as one left join (select * from batch order by is_live desc, created_at desc, id desc limit 1) as last on true`

const tableNameOf = (table: Owned) =>
  table === posts ? 'posts' : table === comments ? 'comments' : 'sessions'

const withoutAuthor = sql`old = log.old - 'authorId', new = log.new - 'authorId'`

const freePosts = statement<Batch, Freed>('free_posts', { reads: [] }, (_, batch) =>
  freeing(
    posts,
    posts.authorId,
    sql`update ${posts} set author_id = null from batch where ${posts.id} = batch.id`,
    withoutAuthor,
    batch,
  ),
)
const freeComments = statement<Batch, Freed>('free_comments', { reads: [] }, (_, batch) =>
  freeing(
    comments,
    comments.authorId,
    sql`update ${comments} set author_id = null from batch where ${comments.id} = batch.id`,
    withoutAuthor,
    batch,
  ),
)
const deleteSessions = statement<Batch, Freed>('delete_sessions', { reads: [] }, (_, batch) =>
  freeing(
    sessions,
    sessions.userId,
    sql`delete from ${sessions} using batch where ${sessions.id} = batch.id`,
    sql`old = null, new = null`,
    batch,
  ),
)

/** What the audit log says of the user, beyond what the request that erased them had the time for. */
const scrubLog = statement<Batch, Freed>(
  'scrub_log',
  { reads: [] },
  (_, { userId, size, at, id }) => sql<Freed>`with batch as materialized (
      select at, id from shopboard.audit_log
      where table_name = 'users' and row_id = ${userId}::bigint and (at, id) > (${at}::timestamptz, ${id}::bigint)
      order by at, id limit ${size}::integer
    ), scrubbed as (
      update shopboard.audit_log as log set old = null, new = null
      from batch where log.at = batch.at and log.id = batch.id and (log.old is not null or log.new is not null)
    )
    select (select count(*)::integer from batch) as n, true as "isLive", last.at::text as at, last.id::text as id
    from (values (1)) as one left join (select * from batch order by at desc, id desc limit 1) as last on true`,
)

/** The row of an erased user that owns nothing any more; whether it is gone. */
const deleteErased = statement<OfUser, { isGone: boolean }>(
  'delete_erased',
  { reads: [] },
  (_, { userId }) => sql<{ isGone: boolean }>`
    with deleted as (
      delete from ${users} where ${users.id} = ${userId}::bigint and ${users.erasedAt} is not null
        and not exists (select from ${posts} where ${posts.authorId} = ${userId}::bigint)
        and not exists (select from ${comments} where ${comments.authorId} = ${userId}::bigint)
        and not exists (select from ${sessions} where ${sessions.userId} = ${userId}::bigint)
      returning ${users.id}
    )
    select exists (select from deleted) or not exists (select from ${users} where ${users.id} = ${userId}::bigint) as "isGone"`,
)

/** Of an erased user; no row of any other. */
const ownedRows = statement<OfUser, { n: number }>(
  'owned_rows',
  { reads: ['users', 'posts', 'comments', 'sessions'] },
  (_, { userId }) => sql<{ n: number }>`
    select (
      (select count(*) from ${posts} where ${posts.authorId} = ${userId}::bigint)
      + (select count(*) from ${comments} where ${comments.authorId} = ${userId}::bigint)
      + (select count(*) from ${sessions} where ${sessions.userId} = ${userId}::bigint)
    )::integer as n from ${users} where ${users.id} = ${userId}::bigint and ${users.erasedAt} is not null`,
)

/** ms that a transaction should take, and who wants one of its rows may wait: a batch is as large as fits. */
const turn = 40
const smallest = 10
const largest = 1_000
/** ms for a transaction, however slow the server is. */
const deadline = 10_000
/** ms until what others had locked is tried again, and how often. */
const patience = 1_000
const tries = 60

/** Lets go of what an erased user wrote and deletes the rest, the account last. */
export const eraseUser = jobKind({
  name: 'erase_user',
  summary: 'Lets go of what an erased user left, in short batches.',
  params: z.strictObject({ userId: z.int() }),
  async work({ params: { userId }, ...job }) {
    const { pool, signal, progress } = job
    const rowsOf = <Row>(of: Statement<OfUser, Row>) =>
      pool.transaction({ access: 'read write', signal, deadline }, (db) => db.run(of, { userId }))
    const [owned] = await rowsOf(ownedRows)
    let rows = 0
    if (!owned) return { rows }
    await inBatches(job, scrubLog, userId, () => {})
    for (let idle = 0; idle < tries; idle++) {
      const before = rows
      for (const statement of [deleteSessions, freePosts, freeComments]) {
        await inBatches(job, statement, userId, (n) => {
          rows += n
          progress(rows, owned.n)
        })
      }
      if (onlyRow(await rowsOf(deleteErased)).isGone) return { rows }
      if (rows > before) idle = 0
      await pause(patience, signal)
    }
    throw new Error(`Rows of the user ${userId} are locked for a minute`)
  },
})

async function inBatches(
  { pool, signal }: Pick<Job, 'pool' | 'signal'>,
  statement: Statement<Batch, Freed>,
  userId: number,
  onFreed: (n: number) => void,
): Promise<void> {
  let position: Position | undefined = start
  let size = 100
  while (position) {
    const begun = performance.now()
    const batch: Batch = { userId, size, ...position }
    const freed = onlyRow(
      await pool.transaction({ access: 'read write', signal, deadline }, (db) =>
        db.run(statement, batch),
      ),
    )
    const took = performance.now() - begun
    onFreed(freed.n)
    size = Math.min(largest, Math.max(smallest, Math.round(size * Math.min(2, turn / took))))
    position = after(freed)
    // as long as it took: half of the time is others'
    if (position) await pause(took, signal)
  }
}

const after = ({ isLive, at, id }: Freed): Position | undefined =>
  isLive === null || at === null || id === null ? undefined : { isLive, at, id }

/** @throws the signal's reason once it has aborted */
async function pause(duration: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(ended, duration)
    function ended() {
      clearTimeout(timer)
      signal.removeEventListener('abort', ended)
      resolve()
    }
    signal.addEventListener('abort', ended)
  })
  signal.throwIfAborted()
}
