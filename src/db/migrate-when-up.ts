import { setTimeout as sleep } from 'node:timers/promises'
import { fromPostgres, sqlStateOf } from '../errors/postgres.ts'
import { type MigrateOptions, migrate } from './migrate.ts'
import { addressOf } from './provide.ts'

/**
 * Migrates, and tries again for `timeout` ms while the server cannot be reached; `onWaiting` is called once.
 * @throws a plain sentence with the database's address and the reason
 */
export async function migrateWhenUp(
  url: string,
  timeout: number,
  onWaiting: (reason: string) => void,
  options?: MigrateOptions,
): Promise<void> {
  const deadline = Date.now() + timeout
  for (let tries = 1; ; tries++) {
    try {
      return await migrate(url, options)
    } catch (error) {
      const reason = `${addressOf(url)}: ${reasonOf(error)}`
      const isDown = fromPostgres(error)?.code === 'database_unavailable' && !isRefusal(error)
      if (!isDown || Date.now() > deadline)
        throw new Error(`Cannot use the database ${reason}`, { cause: error })
      if (tries === 1) onWaiting(reason)
      await sleep(500)
    }
  }
}

/** The server answers, and would answer the same again: no such user, password or database. */
const isRefusal = (error: unknown) => /^(28|3D)/.test(sqlStateOf(error) ?? '')

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
