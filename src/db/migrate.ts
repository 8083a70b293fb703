import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { sqlStateOf } from '../errors/postgres.ts'
import { oneConnection } from './pool/driver.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** Of the advisory lock: any number, the same in every Shopboard. */
const lockKey = 4_807_526_976
export type MigrateOptions = {
  /** ms a try may wait for a lock at the longest; default 5,000 */
  readonly lockTimeout?: number
}

/**
 * ms each try may wait for a lock, while writers queue behind it. Under PostgreSQL's deadlock_timeout of 1 s a writer
 * that waits for the migration in a circle gets its lock before either is chosen to fail; later tries outwait it.
 */
const triesOf = (longest: number) => {
  const short = Math.min(800, longest)
  return [short, short, short, short, longest, longest, longest]
}
/** ms between tries: the writers that queued get through. */
const longestPause = 500

/**
 * Brings the schema of the database at `url` up to date. Of several callers one migrates while the others wait
 * on an advisory lock. That is a session's: `url` must not lead through a transaction pooler.
 * @throws the error of PostgreSQL or the driver, without Drizzle's around it; a plain sentence where others hold
 * locks for too long
 */
export async function migrate(
  url: string,
  { lockTimeout = 5_000 }: MigrateOptions = {},
): Promise<void> {
  const sql = postgres(url, { ...oneConnection, connect_timeout: 10 })
  try {
    // What a database or a role may have set as its default, and migrations cannot work with.
    await sql`select set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
      set_config('default_transaction_isolation', 'read committed', false)`
    await sql`select pg_advisory_lock(${lockKey})`
    await applyPatiently(sql, lockTimeout)
  } catch (error) {
    throw error instanceof Error && error.cause ? error.cause : error
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** All or nothing: a try that waits too long for a lock, or in a circle, leaves nothing behind. */
async function applyPatiently(sql: postgres.Sql, longest: number): Promise<void> {
  const lockTimeouts = triesOf(longest)
  for (const [tries, timeout] of lockTimeouts.entries()) {
    if (tries > 0) await sleep(Math.min(longestPause, longest))
    await sql`select set_config('lock_timeout', ${String(timeout)}, false)`
    try {
      return await applyMigrations(drizzle(sql), { migrationsFolder })
    } catch (error) {
      if (!['55P03', '40P01'].includes(sqlStateOf(error) ?? '')) throw error
    }
  }
  throw new Error(
    `The migration needs locks on its tables for a moment, and did not get them in ${lockTimeouts.length} tries: end the transactions that hold them (pg_stat_activity), and start again.`,
  )
}
