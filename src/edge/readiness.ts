import type { Context } from 'hono'
import { expectFit, isUnfit, Unfit } from '../db/access.ts'
import type { Database } from '../db/database.ts'
import { schemaVersionIn, stateOf } from '../db/schema-version.ts'
import type { AppEnv } from '../http/context.ts'

/** ms for which what the database said is taken for its state. */
const validity = 10_000
/** ms the database has to say it. */
const patience = 1000

/**
 * Whether the database answers and is migrated. A Worker has nothing that asks in the background, so a request does,
 * at most once in ten seconds: whoever comes while it waits is told what was known before.
 */
export function readiness() {
  let askedAt = Number.NEGATIVE_INFINITY
  let isReady = false
  return async (c: Context<AppEnv>): Promise<boolean> => {
    const now = Date.now()
    if (now - askedAt < validity) return isReady
    askedAt = now
    const { pool, observe } = c.get('services')
    try {
      await pool(c).transaction({ access: 'read only', deadline: patience }, expectCurrent)
      isReady = true
    } catch (error) {
      isReady = false
      observe({ type: 'watcher', state: isUnfit(error) ? 'unfit' : 'down', error })
    }
    return isReady
  }
}

async function expectCurrent(db: Database): Promise<void> {
  const version = await schemaVersionIn(db)
  if (version === 'none' || version === 'older') throw new Unfit(stateOf(version))
  await expectFit(db)
}
