import type { Pool } from '../db/database.ts'
import { keyByHash, noteKeyUse } from '../db/keys.ts'
import { AppError, databaseUnavailable } from '../errors/error.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import { scopesAmong } from './caller.ts'
import type { Use, Verdict } from './verdict.ts'

/** ms */
const useInterval = 60_000
const useDeadline = 2_000

/**
 * What the database knows of a key by its hash, within `deadline` ms. @throws AppError database_unavailable where it does
 * not say, or what the driver said
 */
export async function lookUpKey(pool: Pool, hash: string, deadline: number): Promise<Verdict> {
  const asked = performance.now()
  const [found] = await pool
    .transaction({ access: 'read only', deadline }, (db) => db.run(keyByHash, { hash }))
    .catch((error: unknown) => {
      // the request's own time is not over
      throw error instanceof AppError && error.code === 'timeout'
        ? databaseUnavailable(error)
        : error
    })
  if (!found) return refused('There is no such key.')
  const { id, scopes, isRevoked, timeLeft, sinceUse } = found
  if (isRevoked) return refused('The key is revoked.')
  // by the clock of the database, and early by the time that the answer took
  const goodUntil = asked + (timeLeft ?? Number.POSITIVE_INFINITY)
  return {
    caller: { actor: `key:${id}`, scopes: scopesAmong(scopes) },
    goodUntil,
    use: { keyId: id, from: asked + useInterval - (sinceUse ?? useInterval) },
  }
}

const refused = (refusal: string): Verdict => ({ caller: undefined, refusal })

/** Writes a use of a key down where the last is a minute old: in a transaction of its own. A standby writes none. */
export async function noteUse(pool: Pool, use: Use): Promise<void> {
  use.from = performance.now() + useInterval
  const { keyId: id } = use
  await pool
    .transaction({ access: 'read write', deadline: useDeadline }, (db) =>
      db.run(noteKeyUse, { id }),
    )
    .catch((error: unknown) => {
      if (sqlStateOf(error) !== readOnly) throw error
    })
}

const readOnly = '25006'
