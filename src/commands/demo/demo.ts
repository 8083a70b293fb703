import { type Bulk, openBulk, skipForeignKeyChecks } from '../../db/bulk.ts'
import { chanceFunction } from './chance.ts'
import { countsFor, type DemoCounts, totalOf } from './counts.ts'
import { type Era, planEras } from './eras.ts'
import { insertComments, insertPosts, insertSessions, insertUsers } from './inserts.ts'
import { textFunctions } from './texts.ts'
import { instantFunction, spanUntil } from './timeline.ts'

export type DemoOptions = {
  readonly databaseUrl: string
  /** 1 to `mostUsers`. */
  readonly users: number
  /** The same seed and `until` give the same rows. */
  readonly seed?: number
  /** The community's last moment; its first is 1,000 days before. */
  readonly until?: Date
  /** Adds a community to the rows that are there, instead of refusing. */
  readonly append?: boolean
  /** Rolls back. */
  readonly signal?: AbortSignal
  readonly onProgress?: (rows: number, of: number) => void
}

/** Some 70 million rows. */
export const mostUsers = 1_000_000

/** The database cannot take a demo community, or the work was interrupted: a sentence for whoever asked. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}

type Sql = Bulk['sql']

/** Rows written by one round of statements: fewer cost more rounds of triggers, more show progress late. */
const eraRows = 50_000

/**
 * Fills the database with a believable community in one transaction: few write most, evenings and Sundays are
 * busy, newcomers arrive faster and faster, most leave again. 71 rows for each user. Others' writes wait for it.
 * @throws DemoError
 */
export async function demo(options: DemoOptions): Promise<DemoCounts> {
  const { signal } = options
  const { sql, abort, close } = await openBulk(options.databaseUrl)
  const onAbort = () => void abort()
  signal?.addEventListener('abort', onAbort)
  try {
    signal?.throwIfAborted()
    await sql`begin`
    const counts = await populate(sql, options)
    await sql`commit`
    signal?.removeEventListener('abort', onAbort)
    await sql`select rollup.fold()`
    await sql`vacuum (analyze) public.users, public.posts, public.comments, public.sessions`
    await sql`vacuum (analyze) rollup.counts, rollup.user_days, rollup.active_users, rollup.post_comments`
    return counts
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new DemoError('Interrupted: nothing was written.', { cause: error })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await close()
  }
}

async function populate(sql: Sql, options: DemoOptions): Promise<DemoCounts> {
  const { users, seed = 1, until = new Date(), append = false, onProgress = () => {} } = options
  const counts = countsFor(users)
  const total = totalOf(counts)
  const span = spanUntil(until)

  await sql`lock table public.users, public.posts, public.comments, public.sessions in share row exclusive mode`
  if (!append) await refuseNonEmpty(sql)
  await sql.unsafe(chanceFunction(seed) + instantFunction + textFunctions())
  // The rows below refer only to rows made here, and the lock above keeps those.
  await skipForeignKeyChecks(sql)
  const last = await lastIds(sql)
  await insertUsers(sql, users, last.users, span)

  let written = users
  let next: DemoCounts = last
  const eras = await planEras(sql, span, counts, Math.ceil(total / eraRows))
  for (const [index, era] of eras.entries()) {
    next = await insertEra(sql, index, era, next, last.posts)
    written += era.posts + era.comments + era.sessions
    onProgress(written, total)
    // The triggers' statements were planned for nearly empty tables.
    if (Number.isInteger(Math.log2(index + 1))) await sql`analyze rollup.user_days`
  }
  await moveSequences(sql)
  return counts
}

/** Returns the last ids once the era's rows are in; `lastPost` is the last one before the whole community. */
async function insertEra(
  sql: Sql,
  index: number,
  era: Era,
  last: DemoCounts,
  lastPost: number,
): Promise<DemoCounts> {
  const posts = last.posts + era.posts
  if (era.posts > 0) await insertPosts(sql, index, era, last.posts, lastPost)
  if (era.comments > 0) await insertComments(sql, index, era, { ...last, posts }, lastPost)
  if (era.sessions > 0) await insertSessions(sql, index, era, last.sessions)
  const { comments, sessions } = last
  return { ...last, posts, comments: comments + era.comments, sessions: sessions + era.sessions }
}

async function refuseNonEmpty(sql: Sql): Promise<void> {
  const [found] = await sql<{ isAny: boolean }[]>`
    select exists (select from public.users) or exists (select from public.posts)
      or exists (select from public.comments) or exists (select from public.sessions) as "isAny"`
  if (found?.isAny) {
    throw new DemoError(
      'This database holds a community already. To add a demo community to it: --append.',
    )
  }
}

async function lastIds(sql: Sql): Promise<DemoCounts> {
  const [last] = await sql<DemoCounts[]>`
    select
      coalesce((select max(id) from public.users where id > 0), 0)::float8 as users,
      coalesce((select max(id) from public.posts where id > 0), 0)::float8 as posts,
      coalesce((select max(id) from public.comments where id > 0), 0)::float8 as comments,
      coalesce((select max(id) from public.sessions where id > 0), 0)::float8 as sessions`
  if (!last) throw new DemoError('The database does not answer.')
  return last
}

/** The rows brought their own ids: the next one given out lies past them. */
async function moveSequences(sql: Sql): Promise<void> {
  for (const table of ['users', 'posts', 'comments', 'sessions'] as const) {
    await sql`
      select setval(sequence, greatest(coalesce(pg_sequence_last_value(sequence), 0), highest))
      from
        (select pg_get_serial_sequence(${`public.${table}`}, 'id')::regclass as sequence) as s,
        (select max(id) as highest from ${sql(`public.${table}`)}) as h`
  }
}
