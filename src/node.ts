import { readConfig } from './config.ts'
import { provideDatabase } from './db/provide.ts'
import { openLog } from './server/logger.ts'
import { shutdown } from './server/shutdown.ts'

const end = shutdown()
try {
  const config = readConfig(process.env)
  const observe = openLog(config.logLevel)
  end.observe = observe
  // The database starts while the program is loaded: each takes some 200 ms.
  const [database, { serve }] = await Promise.all([startDatabase(), import('./server/serve.ts')])
  await serve(config, database, observe, end)

  async function startDatabase() {
    const database = await provideDatabase({
      ...config,
      onLost: () => observe({ type: 'failure', what: 'The embedded PostgreSQL ended' }),
    })
    end.defer(database.stop)
    return database
  }
} catch (error) {
  await end.fail(error)
}
