import { type Bulk, commit, withBulk } from '../../db/bulk/bulk.ts'
import { silenceTriggers } from '../../db/bulk/triggers.ts'
import { vacuum } from '../../db/bulk/vacuum.ts'
import { type TableName, tableNames } from '../../db/rollup/kinds.ts'
import { countLoaded, foldLast } from '../../db/rollup/load.ts'
import { chanceFunction } from './chance.ts'
import { countsFor, type DemoCounts, totalOf } from './counts.ts'
import { type Era, planEras } from './eras.ts'
import { reserveIds, takeEmptyTables } from './ids.ts'
import { insertComments, insertPosts, insertSessions, insertUsers } from './inserts.ts'
import { remember } from './remembered.ts'
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
  /** Rolls back; once committed, leaves the tables as they are. */
  readonly signal?: AbortSignal
  readonly note?: (text: string) => void
  readonly onProgress?: (rows: number, of: number) => void
}

/** Some 70 million rows. */
export const mostUsers = 1_000_000

type Sql = Bulk['sql']

/** Rows written by one round of statements: fewer cost more rounds of triggers, more show progress late. */
const eraRows = 50_000

/**
 * Fills the database with a believable community in one transaction: few write most, evenings and Sundays are
 * busy, newcomers arrive faster and faster, most leave again. 71 rows for each user; the database remembers which. Others'
 * writes wait for it unless it appends.
 * @throws DemoError when the database cannot take it, else as `withBulk` does
 */
export function demo(options: DemoOptions): Promise<DemoCounts> {
  const { databaseUrl, signal, note = () => {} } = options
  const work = async (bulk: Bulk) => {
    await bulk.sql`begin`
    const counts = await populate(bulk.sql, options)
    await commit(bulk.sql)
    await vacuum(bulk, tableNames, (reason) => note(`Written, but not vacuumed: ${reason}.`))
    return counts
  }
  return withBulk(databaseUrl, signal, work, (holders) => note(`Waiting for ${holders}.`))
}

async function populate(sql: Sql, options: DemoOptions): Promise<DemoCounts> {
  const { users, seed = 1, until = new Date(), append = false, onProgress = () => {} } = options
  const counts = countsFor(users)
  const total = totalOf(counts)
  const span = spanUntil(until)

  const last = append
    ? await reserveIds(sql, counts)
    : await takeEmptyTables(sql, counts, options.note)
  await remember(sql, { seed, until }, counts, last)
  await sql.unsafe(chanceFunction(seed) + instantFunction + textFunctions())
  const { isSilent } = await silenceTriggers(sql)
  await insertUsers(sql, users, last.users, span)

  let written = users
  let next: DemoCounts = last
  const eras = await planEras(sql, span, counts, Math.ceil(total / eraRows))
  for (const [index, era] of eras.entries()) {
    next = await insertEra(sql, index, era, next, last.posts)
    written += era.posts + era.comments + era.sessions
    onProgress(written, total)
  }
  if (isSilent) await countRows(sql, counts, last)
  await foldLast(sql)
  return counts
}

async function countRows(sql: Sql, counts: DemoCounts, last: DemoCounts): Promise<void> {
  const made = (table: TableName) =>
    `public.${table} where id > ${last[table]} and id <= ${last[table] + counts[table]}`
  await countLoaded(sql, {
    sources: tableNames.map((table) => [table, made(table)]),
    ownIds: { users: `select id from ${made('users')}`, posts: `select id from ${made('posts')}` },
  })
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
