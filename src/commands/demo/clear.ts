import { type Bulk, commit, withBulk } from '../../db/bulk/bulk.ts'
import { silenceTriggers } from '../../db/bulk/triggers.ts'
import { vacuum } from '../../db/bulk/vacuum.ts'
import { type TableName, tableNames } from '../../db/rollup/kinds.ts'
import { foldLast } from '../../db/rollup/load.ts'
import { deleteEverything, mayDeleteEverything } from '../../db/rollup/unload.ts'
import { isRetryable } from '../../errors/postgres.ts'
import { shopboard } from '../../invocation.ts'
import { counted } from '../grouped.ts'
import type { DemoCounts } from './counts.ts'
import { DemoError } from './error.ts'
import { holdTables } from './ids.ts'
import {
  demosIn,
  forgetDemos,
  isRowOf,
  isUnderIdsOf,
  type RememberedDemo,
  recognition,
} from './remembered.ts'

type Sql = Bulk['sql']

export type ClearOptions = {
  readonly databaseUrl: string
  /** Takes along what other people wrote on it, instead of refusing. */
  readonly force?: boolean
  /** Rolls back; once committed, leaves the tables as they are. */
  readonly signal?: AbortSignal
  readonly note?: (text: string) => void
}

/** Others' writes can collide with it: then it begins anew. */
const attempts = 5

/**
 * Removes every demo community, in one transaction: rows that bear its texts under its ids, nothing else. Others' writes
 * wait for it, reads do not.
 * @returns the rows removed; undefined where there is no demo
 * @throws DemoError where other people's rows would go with it, else as `withBulk` does
 */
export function clearDemo(options: ClearOptions): Promise<DemoCounts | undefined> {
  const { databaseUrl, signal, note = () => {} } = options
  const work = async (bulk: Bulk) => {
    const removed = await clearPatiently(bulk.sql, options)
    if (removed)
      await vacuum(bulk, tableNames, (reason) => note(`Removed, but not vacuumed: ${reason}.`))
    return removed
  }
  return withBulk(databaseUrl, signal, work, (holders) => note(`Waiting for ${holders}.`))
}

async function clearPatiently(
  sql: Sql,
  { force = false, note = () => {} }: ClearOptions,
): Promise<DemoCounts | undefined> {
  for (let attempt = 1; ; attempt++) {
    await sql`begin`
    try {
      await holdTables(sql, note)
      const removed = await removeDemos(sql, { force, note })
      await foldLast(sql)
      await commit(sql)
      return removed
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error
      await sql`rollback`
    }
  }
}

/**
 * Removes the demos inside a transaction that holds the tables, and forgets them.
 * @throws DemoError where other people's rows would go with them, unless forced
 */
export async function removeDemos(
  sql: Sql,
  { force, note = () => {} }: Pick<ClearOptions, 'force' | 'note'>,
): Promise<DemoCounts | undefined> {
  const demos = await demosIn(sql)
  let removed: DemoCounts | undefined
  for (const demo of demos) {
    const rows = await removeDemo(sql, demo, force ?? false)
    removed = removed ? sumOf(removed, rows) : rows
    const left = await rowsLeft(sql, demo)
    if (left > 0)
      note(
        `Left under the ids of the demo, as somebody wrote or rewrote them: ${counted(left, 'row')}.`,
      )
  }
  await forgetDemos(sql)
  return removed
}

async function removeDemo(sql: Sql, demo: RememberedDemo, force: boolean): Promise<DemoCounts> {
  await sql.unsafe(recognition(demo))
  if ((await isAlone(sql, demo)) && (await mayDeleteEverything(sql))) {
    const { isSilent } = await silenceTriggers(sql)
    if (isSilent) return deleteEverything(sql)
  }
  if (!force) await refuseOthers(sql, demo)
  return deleteRows(sql, demo)
}

/** Whether there is no other row in the tables. */
async function isAlone(sql: Sql, demo: RememberedDemo): Promise<boolean> {
  for (const table of tableNames) {
    const [others] = await sql<{ isAny: boolean }[]>`
      select exists (select from ${sql(`public.${table}`)} as t where not ${isRowOf(sql, table, demo, 't')}) as "isAny"`
    if (others?.isAny) return false
  }
  return true
}

/** By the foreign keys, comments and sessions of others go with the post or the user they hang on, and authors become null. */
async function refuseOthers(sql: Sql, demo: RememberedDemo): Promise<void> {
  const is = (table: TableName, row: string) => isRowOf(sql, table, demo, row)
  const [found] = await sql<{ comments: number; sessions: number; authors: number }[]>`
    select
      (select count(*) from public.comments as c join public.posts as p on p.id = c.post_id
        where ${is('posts', 'p')} and not ${is('comments', 'c')})::float8 as comments,
      (select count(*) from public.sessions as s join public.users as u on u.id = s.user_id
        where ${is('users', 'u')} and not ${is('sessions', 's')})::float8 as sessions,
      (select count(*) from public.posts as p join public.users as u on u.id = p.author_id
        where ${is('users', 'u')} and not ${is('posts', 'p')})::float8
      + (select count(*) from public.comments as c join public.users as u on u.id = c.author_id
        where ${is('users', 'u')} and not ${is('comments', 'c')}
          and not exists (select from public.posts as p where p.id = c.post_id and ${is('posts', 'p')}))::float8 as authors`
  if (!found || found.comments + found.sessions + found.authors === 0) return
  throw new DemoError(
    `Other people's rows hang on the demo community: ${counted(found.comments, 'comment')} on its posts and ${counted(found.sessions, 'session')} of its users would go with it, ${counted(found.authors, 'post or comment', 'posts and comments')} lose the author. To have it so: ${shopboard} demo --clear --force.`,
  )
}

async function deleteRows(sql: Sql, demo: RememberedDemo): Promise<DemoCounts> {
  const counts = { users: 0, posts: 0, comments: 0, sessions: 0 }
  for (const table of ['comments', 'sessions', 'posts', 'users'] as const) {
    const deleted = await sql`
      delete from ${sql(`public.${table}`)} as t where ${isRowOf(sql, table, demo, 't')}`
    counts[table] = deleted.count
  }
  return counts
}

/** Rows under the ids of a demo and no younger than it, once its own are gone. */
async function rowsLeft(sql: Sql, demo: RememberedDemo): Promise<number> {
  let left = 0
  for (const table of tableNames) {
    const [found] = await sql<{ n: number }[]>`
      select count(*)::float8 as n from ${sql(`public.${table}`)} as t where ${isUnderIdsOf(sql, table, demo, 't')}`
    left += found?.n ?? 0
  }
  return left
}

const sumOf = (a: DemoCounts, b: DemoCounts): DemoCounts => ({
  users: a.users + b.users,
  posts: a.posts + b.posts,
  comments: a.comments + b.comments,
  sessions: a.sessions + b.sessions,
})
