import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { oneConnection } from './pool/driver.ts'

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url))

/** Any constant will do, as long as every Shopboard takes the same lock. */
const lockKey = 4_807_526_976

/**
 * Brings the schema of the database at `url` up to date; whoever comes second waits, then finds nothing to do.
 * Needs a connection of its own session: not one through a transaction pooler.
 * @throws what PostgreSQL or the driver said, not drizzle's wrapping of it
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
