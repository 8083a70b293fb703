import type { ServerEvent } from './embedded/hold.ts'
import { startEmbedded } from './embedded/server.ts'

export type Provided = {
  readonly url: string
  /** For people: without the password. */
  readonly description: string
  /** Releases the bundled server; any other is left alone. */
  readonly stop: () => Promise<void>
}
export type Provision = {
  /** Undefined: the bundled server, on the data in `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  /** Called with what befalls the bundled server before `stop`. */
  readonly on?: (event: ServerEvent) => void
}

/**
 * The database to work on: the one at `databaseUrl`, which may be down, or the bundled server, started.
 * @throws a plain sentence when the bundled server does not start
 */
export async function provideDatabase({ databaseUrl, dataDir, on }: Provision): Promise<Provided> {
  if (databaseUrl !== undefined) {
    return {
      url: databaseUrl,
      description: `database ${addressOf(databaseUrl)}`,
      stop: async () => {},
    }
  }
  const embedded = await startEmbedded({ dir: dataDir, ...(on && { on }) })
  const how = embedded.wasRunning ? `, shared with its process ${embedded.pid}` : ''
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
