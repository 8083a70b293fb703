import type { Config } from '../config.ts'
import { faultOf } from '../db/access.ts'
import type { Pool } from '../db/database.ts'
import { migrateWhenUp } from '../db/migrate-when-up.ts'
import type { Provided } from '../db/provide.ts'
import { whenUp } from '../db/when-up.ts'

/** ms to wait for a database that is still starting. */
const startTimeout = 30_000

export type Preparation = {
  readonly config: Config
  readonly database: Provided
  readonly pool: Pool
  /** ms that the connections of `pool` ask for. */
  readonly statementTimeout: number
  readonly say: (line: string) => void
}

/**
 * Brings the schema up to date, or with MIGRATE=off and on a standby sees that it is, and that `pool` can serve it.
 * @throws a plain sentence when it cannot be served
 */
export async function prepare(preparation: Preparation): Promise<void> {
  const { config, database, pool, statementTimeout, say } = preparation
  const onWaiting = (reason: string) => say(`Waiting for the database ${reason}`)
  const migrateUrl = config.directUrl ?? database.url
  const version = await migrateWhenUp(migrateUrl, startTimeout, onWaiting, {
    ...config,
    onHeldUp: say,
  })
  if (version === 'newer') say(newerSchema)
  await whenUp(database.url, startTimeout, onWaiting, async () => {
    const fault = await faultOf(pool, statementTimeout)
    if (fault) throw new Error(fault)
  })
}

/** What a rolling deployment looks like to the program it replaces. */
const newerSchema =
  'The schema of the database is newer than this program, which serves it as it is: update the program soon'
