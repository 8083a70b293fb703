import type { Config } from '../config.ts'
import { faultOf } from '../db/access.ts'
import { migrateWhenUp } from '../db/migrate-when-up.ts'
import { keepsPrepared } from '../db/pool/keeps-prepared.ts'
import { openPool } from '../db/pool/pool.ts'
import type { Provided } from '../db/provide.ts'
import { whenUp } from '../db/when-up.ts'
import { writesBarred } from '../db/write-access.ts'

/** ms to wait for a database that is still starting. */
const startTimeout = 30_000

/** One for requests, two that watch and fold; a pooler's are its own matter. */
const fewestConnections = 3
/** One more looks up keys. */
const fewestWithKeys = 4

export type Preparation = {
  readonly config: Config
  readonly database: Pick<Provided, 'url' | 'directUrl'>
  readonly say: (line: string) => void
}

/** What a start finds out about its database. */
export type Prepared = {
  /** Whether its transaction pooler, if it has one, keeps statements prepared. */
  readonly isPreparing: boolean
}

/**
 * Brings the schema up to date, or with MIGRATE=off and on a standby sees that it is, and that it can be served.
 * @throws a plain sentence when it cannot
 */
export async function prepare({ config, database, say }: Preparation): Promise<Prepared> {
  const { url, directUrl } = database
  const onWaiting = (reason: string) => say(`Waiting for the database ${reason}`)
  for (const warning of config.warnings) say(warning)
  const migrating = { ...config, onHeldUp: say }
  const version = await migrateWhenUp(directUrl, startTimeout, onWaiting, migrating)
  if (version === 'newer') say(newerSchema)
  return whenUp(url, startTimeout, onWaiting, async () => {
    const barred = await expectFit(url, config)
    if (barred) say(barred)
    const isPooled = config.pooler === 'transaction'
    return { isPreparing: isPooled && (await keepsPrepared(url, config.connectTimeout)) }
  })
}

/** @returns a sentence about what keeps a server from writing @throws one about what keeps it from working */
async function expectFit(url: string, config: Config): Promise<string | undefined> {
  const pool = openPool(url, {
    ...config,
    size: 1,
    applicationName: 'shopboard start',
    on: () => {},
  })
  try {
    const needed = config.isAuthenticating ? fewestWithKeys : fewestConnections
    const fewest = config.pooler === 'none' ? needed : 0
    const fault = await faultOf(pool, config.statementTimeout, fewest)
    if (fault) throw new Error(fault)
    return await writesBarred(pool)
  } finally {
    await pool.close()
  }
}

/** What a rolling deployment looks like to the program it replaces. */
const newerSchema =
  'The schema of the database is newer than this program, which serves it as it is: update the program soon'
