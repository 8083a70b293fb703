import { setTimeout as sleep } from 'node:timers/promises'
import { fromPostgres } from '../errors/postgres.ts'
import { startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'

export type Provided = {
  readonly url: string
  /** For the person who started it; without the password. */
  readonly description: string
  readonly stop: () => Promise<void>
}
export type Provision = {
  /** Undefined: the bundled server, on the data in `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  /** Told when the bundled server ends before it is stopped. */
  readonly onLost?: () => void
}

/** The database to work on, running unless it is somebody else's business to run it. */
export async function provideDatabase({
  databaseUrl,
  dataDir,
  onLost,
}: Provision): Promise<Provided> {
  if (databaseUrl !== undefined)
    return {
      url: databaseUrl,
      description: `database ${placeOf(databaseUrl)}`,
      stop: async () => {},
    }
  const embedded = await startEmbedded({ dir: dataDir, ...(onLost && { onLost }) })
  const how = embedded.adopted ? `, shared with its process ${embedded.pid}` : ''
  return {
    url: embedded.url(),
    description: `embedded PostgreSQL in ${dataDir}${how}`,
    stop: () => embedded.stop(),
  }
}

/**
 * Migrates, and waits `patience` ms for a server that cannot be reached yet.
 * @throws a plain sentence with the database's place and its reason
 */
export async function migrateWhenUp(
  url: string,
  patience: number,
  onWaiting: (reason: string) => void,
): Promise<void> {
  const deadline = Date.now() + patience
  for (let tries = 1; ; tries++) {
    try {
      return await migrate(url)
    } catch (error) {
      const reason = `${placeOf(url)}: ${reasonOf(error)}`
      const isDown = fromPostgres(error)?.code === 'database_unavailable' && !isRefusal(error)
      if (!isDown || Date.now() > deadline)
        throw new Error(`Cannot use the database ${reason}`, { cause: error })
      if (tries === 1) onWaiting(reason)
      await sleep(500)
    }
  }
}

/** The server answers and will not change its mind: no such user, password or database. */
const isRefusal = (error: unknown) =>
  error instanceof Error && 'code' in error && /^(28|3D)/.test(String(error.code))

function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
