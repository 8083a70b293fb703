import { addressOf } from '../database-url.ts'
import { withCertificates } from './certificates.ts'
import type { ServerEvent } from './embedded/hold.ts'
import { startEmbedded } from './embedded/server.ts'

export type Provided = {
  readonly url: string
  /** The same database past a pooler, where that was given. */
  readonly directUrl: string
  /** For people: without the password. */
  readonly description: string
  /** Releases the bundled server; any other is left alone. */
  readonly stop: () => Promise<void>
}
export type Provision = {
  /** Undefined: the bundled server, on the data in `dataDir`. */
  readonly databaseUrl: string | undefined
  /** The same database past the pooler that `databaseUrl` leads to. */
  readonly directUrl?: string | undefined
  readonly dataDir: string
  /** Called with what befalls the bundled server before `stop`. */
  readonly on?: (event: ServerEvent) => void
}

/**
 * The database to work on: the one at `databaseUrl`, which may be down, or the bundled server, started.
 * @throws a plain sentence when the bundled server does not start, or a certificate cannot be read
 */
export async function provideDatabase(provision: Provision): Promise<Provided> {
  const { databaseUrl, directUrl = databaseUrl, dataDir, on } = provision
  if (databaseUrl !== undefined && directUrl !== undefined) {
    return {
      url: await withCertificates(databaseUrl),
      directUrl: await withCertificates(directUrl),
      description: `database ${addressOf(databaseUrl)}`,
      stop: async () => {},
    }
  }
  const embedded = await startEmbedded({ dir: dataDir, ...(on && { on }) })
  const how = embedded.wasRunning ? `, shared with its process ${embedded.pid}` : ''
  return {
    url: embedded.url(),
    directUrl: embedded.url(),
    description: `embedded PostgreSQL in ${embedded.dir}${how}`,
    stop: () => embedded.stop(),
  }
}
