import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { sqlStateOf } from '../errors/postgres.ts'
import { shopboard } from '../invocation.ts'
import { type Line, openLine } from './bulk/line.ts'
import { holdersOfLock, holdersOfTables } from './bulk/lock-holders.ts'
import {
  findJournal,
  type Journal,
  journalGrant,
  lastMigration,
  type SchemaVersion,
  stateOf,
  versionOf,
} from './schema-version.ts'
import { beginInLanguage, changeLanguage, otherLanguage } from './search-language.ts'
import { compile } from './statement.ts'

type Sql = Line['sql']

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** Of the advisory lock: any number, the same in every Shopboard. */
export const lockKey = 4_807_526_978

export type MigrateOptions = {
  /** Whether to bring an older schema up to date, or to refuse it; default yes. */
  readonly isMigrating?: boolean
  /** ms a try may wait for a lock on a table at the longest; default 5,000 */
  readonly lockTimeout?: number
  /** ms to wait for another migration; default 300,000 */
  readonly turnTimeout?: number
  /** What posts are searched in; default what the database has, english in a new one. */
  readonly searchLanguage?: string | undefined
  /** Called with a sentence about who is waited for, at first and every 30 s. */
  readonly onHeldUp?: (sentence: string) => void
}

/**
 * ms each try may wait for a lock, while writers queue behind it. It locks four tables, one after the other: short tries
 * end before PostgreSQL's deadlock_timeout of 1 s, so a writer that waits for the migration in a circle gets its lock
 * before either is chosen to fail. The last tries outwait it.
 */
const triesOf = (longest: number) => {
  const short = Math.min(200, longest)
  return [...Array<number>(12).fill(short), longest, longest, longest]
}
/** ms between tries: the writers that queued get through. */
const longestPause = 500
/** ms from one look for one's turn to the next, and from one sentence about it to the next. */
const turnInterval = 200
const sentenceInterval = 30_000

/**
 * Brings the schema of the database at `url` up to date, in one transaction; where it is so, nothing but the journal is
 * read. Of several callers one migrates while the others wait. Nothing of it outlives its transaction, so `url` may
 * lead through a transaction pooler.
 * @returns `current`, or `newer` for a schema that a later program has migrated
 * @throws the error of PostgreSQL or the driver; a plain sentence where others hold locks for too long, and where an
 * older schema may not or cannot be migrated
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<SchemaVersion> {
  const { isMigrating = true, lockTimeout = 5_000, searchLanguage } = options
  const line = openLine(url, { application_name: 'shopboard migrate', TimeZone: 'UTC' })
  try {
    await line.connect()
    const { sql } = line
    await begin(sql, lockTimeout).catch((error) => expectTransactions(url, error))
    const found = await journalOf(sql)
    const version = await readVersion(sql, found)
    const language = version === 'current' ? await otherLanguage(sql, searchLanguage) : undefined
    await sql.unsafe('rollback')
    if (version === 'newer' || (version === 'current' && !language)) return version
    const state = version === 'current' ? `posts are searched in ${language}` : stateOf(version)
    if (found.isStandby) throw new Error(`${state}, and a standby: migrate its primary`)
    if (!isMigrating) throw new Error(`${state}: run "${shopboard} migrate", or set MIGRATE=on`)
    return await applyPatiently(sql, lockTimeout, options)
  } catch (error) {
    if (sqlStateOf(error) !== '42501' || !(error instanceof Error)) throw error
    throw new Error(`${error.message}: migrate as the role that owns the schemas`, { cause: error })
  } finally {
    await line.close()
  }
}

/** @throws a sentence where a pooler has ended the connection because of its `begin`, and serves the next; else `error` */
async function expectTransactions(url: string, error: unknown): Promise<never> {
  const isClosed = error instanceof Error && 'code' in error && error.code === 'CONNECTION_CLOSED'
  if (!isClosed) throw error
  const line = openLine(url, { application_name: 'shopboard migrate', TimeZone: 'UTC' })
  try {
    await line.connect()
  } catch {
    throw error
  } finally {
    await line.close()
  }
  throw new Error(
    'the connection ends when a transaction begins: a connection pooler in statement mode cannot be used, one in transaction mode can',
    { cause: error.message },
  )
}

/** All or nothing: a try that waits too long for a lock, or in a circle, leaves nothing behind. */
async function applyPatiently(
  sql: Sql,
  longest: number,
  { turnTimeout = 300_000, onHeldUp = () => {}, searchLanguage }: MigrateOptions,
): Promise<SchemaVersion> {
  const lockTimeouts = triesOf(longest)
  for (const [tries, timeout] of lockTimeouts.entries()) {
    if (tries > 0) await sleep(Math.min(longestPause, longest))
    await takeTurn(sql, timeout, turnTimeout, onHeldUp)
    try {
      const version = await applyPending(sql, searchLanguage)
      const language = await otherLanguage(sql, searchLanguage)
      if (language && searchLanguage) {
        onHeldUp(
          `Posts were searched in ${language}; what is indexed of them is written anew, in ${searchLanguage}, and they wait.`,
        )
        await changeLanguage(sql, searchLanguage)
      }
      await sql.unsafe('commit')
      return version
    } catch (error) {
      await sql.unsafe('rollback').catch(() => {})
      if (!['55P03', '40P01'].includes(sqlStateOf(error) ?? '')) throw error
      const holders = tries === 0 && (await holdersOfTables(sql))
      if (holders) onHeldUp(`The migration waits for locks of ${holders}.`)
    }
  }
  const holders = await holdersOfTables(sql)
  throw new Error(
    `The migration needs locks on its tables for a moment, and did not get them in ${lockTimeouts.length} tries: end the transactions that hold them (${holders || 'pg_stat_activity'}), and start again.`,
  )
}

/** Begins the transaction that migrates, once no other does. @throws a sentence when one does for too long */
async function takeTurn(
  sql: Sql,
  lockTimeout: number,
  turnTimeout: number,
  onHeldUp: (sentence: string) => void,
): Promise<void> {
  const start = performance.now()
  let toldAt = -Infinity
  for (;;) {
    await begin(sql, lockTimeout)
    const [turn] = await sql.unsafe(`select pg_try_advisory_xact_lock(${lockKey}) as "isMine"`)
    if (turn?.isMine) return
    await sql.unsafe('rollback')
    const holders = (await holdersOfLock(sql, lockKey)) || 'a process that has just ended'
    const waited = performance.now() - start
    if (waited > turnTimeout)
      throw new Error(
        `Another migration is at work for longer than ${Math.round(turnTimeout / 1000)} s: ${holders}. When it does not go on, end it by pg_terminate_backend, and start again.`,
      )
    if (waited - toldAt > sentenceInterval) {
      toldAt = waited
      onHeldUp(`Waiting for another migration: ${holders}.`)
    }
    await sleep(Math.min(turnInterval, turnTimeout))
  }
}

/** Without what a database or a role may have set as its default, and migrations cannot work with. */
const begin = (sql: Sql, lockTimeout: number) =>
  sql.unsafe(
    `begin isolation level read committed; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local lock_timeout = ${lockTimeout}; set local search_path = public; set local client_min_messages = warning`,
  )

/** Whoever had the turn before may have applied them. */
async function applyPending(sql: Sql, searchLanguage: string | undefined): Promise<SchemaVersion> {
  const found = await journalOf(sql)
  const last = found.isThere ? await lastOf(sql) : undefined
  if (!found.isThere) await createJournal(sql)
  if (searchLanguage) await beginInLanguage(sql, searchLanguage)
  for (const migration of readMigrationFiles({ migrationsFolder })) {
    if (last !== undefined && last !== null && migration.folderMillis <= last) continue
    for (const text of migration.sql) await sql.unsafe(text)
    await sql.unsafe(
      'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)',
      [migration.hash, migration.folderMillis],
      { prepare: false },
    )
  }
  return versionOf(await lastOf(sql))
}

/** As drizzle-kit makes it; `create schema if not exists` takes the right to create even where there is one. */
async function createJournal(sql: Sql): Promise<void> {
  const [schema] = await sql.unsafe(`select to_regnamespace('drizzle') is not null as "isThere"`)
  if (!schema?.isThere) await sql.unsafe('create schema drizzle')
  await sql.unsafe(
    'create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
  )
}

async function journalOf(sql: Sql): Promise<Journal> {
  const [found] = await sql.unsafe<Journal[]>(compile(findJournal).text)
  if (!found) throw new Error('The statement gave no row')
  return found
}

async function lastOf(sql: Sql): Promise<number | null | undefined> {
  const [row] = await sql.unsafe<{ last: number | null }[]>(compile(lastMigration).text)
  return row?.last
}

async function readVersion(sql: Sql, found: Journal): Promise<SchemaVersion> {
  if (!found.isReadable) throw new Error(journalGrant(found.role))
  return versionOf(found.isThere ? await lastOf(sql) : undefined)
}
