import { startEmbedded } from './embedded/server.ts'

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
      description: `database ${addressOf(databaseUrl)}`,
      stop: async () => {},
    }
  const embedded = await startEmbedded({ dir: dataDir, ...(onLost && { onLost }) })
  const how = embedded.adopted ? `, shared with its process ${embedded.pid}` : ''
  return {
    url: embedded.url(),
    description: `embedded PostgreSQL in ${embedded.dir}${how}`,
    stop: () => embedded.stop(),
  }
}

/** Host, port and database, for people: the URL holds a password. */
export function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`
}
