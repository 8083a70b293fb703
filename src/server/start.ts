import { readConfig } from '../config.ts'
import { provideDatabase } from '../db/provide.ts'
import type { Env } from '../variables.ts'
import { openLog } from './logger.ts'
import { gracefulShutdown } from './shutdown.ts'

/** The server as `env` describes it, until a signal ends it; what keeps it from starting is told in a sentence. */
export async function start(env: Env): Promise<void> {
  const shutdown = gracefulShutdown()
  try {
    const config = readConfig(env)
    const observe = openLog(config.logLevel, { isAccessLogged: config.accessLog })
    shutdown.observe = observe
    // The database starts while the program is loaded: each takes some 200 ms.
    const [database, { serve }] = await Promise.all([startDatabase(), import('./serve.ts')])
    await serve(config, database, observe, shutdown)

    async function startDatabase() {
      const database = await provideDatabase({
        ...config,
        on(event) {
          if (event.type === 'given_up') void shutdown.fail(event.error)
          else observe({ type: `server_${event.type}` })
        },
      })
      shutdown.defer(database.stop)
      return database
    }
  } catch (error) {
    await shutdown.fail(error)
  }
}
