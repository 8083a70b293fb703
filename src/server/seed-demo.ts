import { tableVersions } from '../cache/watcher.ts'
import { demo } from '../commands/demo/demo.ts'
import { DemoError } from '../commands/demo/error.ts'
import type { Pool } from '../db/database.ts'

/** Users of the community a newcomer finds. */
const demoUsers = 300

export type SeedOptions = {
  readonly databaseUrl: string
  /** Asks whether the database is empty. */
  readonly pool: Pool
  /** Interrupts the generation, which leaves nothing behind. */
  readonly signal: AbortSignal
}

/**
 * Generates a demo community in a database nothing was ever written to, and says so in a sentence; undefined where
 * there is something, also when another server has just generated it.
 */
export async function seedDemo(options: SeedOptions): Promise<string | undefined> {
  const { databaseUrl, pool, signal } = options
  const versions = await pool.transaction({ access: 'read only' }, (db) => db.run(tableVersions))
  if (versions.some(({ n }) => n > 0)) return undefined
  try {
    const { users, posts, comments } = await demo({ databaseUrl, users: demoUsers, signal })
    return `A demo community moved in: ${users} users, ${posts} posts, ${comments} comments (DEMO=off leaves it empty)`
  } catch (error) {
    if (!(error instanceof DemoError) || signal.aborted) throw error
    return undefined
  }
}
