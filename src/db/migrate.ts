import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { oneConnection } from './pool/driver.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** Of the advisory lock: any number, the same in every Shopboard. */
const lockKey = 4_807_526_976

/**
 * Brings the schema of the database at `url` up to date. Of several callers one migrates while the others wait
 * on an advisory lock. That is a session's: `url` must not lead through a transaction pooler.
 * @throws the error of PostgreSQL or the driver, without Drizzle's around it
 */
export async function migrate(url: string): Promise<void> {
  const sql = postgres(url, { ...oneConnection, connect_timeout: 10 })
  try {
    await sql`select pg_advisory_lock(${lockKey})`
    await applyMigrations(drizzle(sql), { migrationsFolder })
  } catch (error) {
    throw error instanceof Error && error.cause ? error.cause : error
  } finally {
    await sql.end({ timeout: 5 })
  }
}
