import { readConfig } from './config.ts'
import { provideDatabase } from './db/provide.ts'
import { openLog } from './server/logger.ts'
import { gracefulShutdown } from './server/shutdown.ts'

const shutdown = gracefulShutdown()
try {
  const config = readConfig(process.env)
  const observe = openLog(config.logLevel, { isAccessLogged: config.accessLog })
  shutdown.observe = observe
  // The database starts while the program is loaded: each takes some 200 ms.
  const [database, { serve }] = await Promise.all([startDatabase(), import('./server/serve.ts')])
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
