import { spawn } from 'node:child_process'
import { readConfig } from '../src/config.ts'
import { readDatabaseUrl } from '../src/database-url.ts'
import { migrateWhenUp } from '../src/db/migrate-when-up.ts'
import { provideDatabase } from '../src/db/provide.ts'
import { whenOrphaned } from '../src/server/orphaned.ts'

const sslModes = { prefer: 'prefer', require: 'require', ca: 'verify-ca', full: 'verify-full' }

/** Runs a command on the database `npm start` would use, migrated: DATABASE_URL is set to it, for libpq and wrangler too. */
const [command = '', ...args] = process.argv.slice(2)
// Ctrl-C ends the command; the database stops after it.
process.on('SIGINT', () => {}).on('SIGTERM', () => {})
try {
  const config = readConfig(process.env)
  const database = await provideDatabase(config)
  await migrateWhenUp(database.directUrl, 5_000, (reason) => console.error(`Waiting for ${reason}`))
  // as it was given: the tools have drivers of their own, which read files of certificates themselves
  const url = config.directUrl ?? config.databaseUrl ?? database.url
  const env = {
    ...process.env,
    ...libpq(url),
    DATABASE_URL: url,
    CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE: url,
  }
  const child = spawn(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' })
  whenOrphaned(() => child.kill())
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child
      .once('error', (cause) => reject(new Error(`${command} does not start`, { cause })))
      .once('exit', (code) => resolve(code ?? 1))
  })
  await database.stop()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** For psql and its kind, which do not know DATABASE_URL: https://www.postgresql.org/docs/current/libpq-envars.html */
function libpq(databaseUrl: string) {
  const { hosts, user, password, database, tls, parameters } = readDatabaseUrl(databaseUrl)
  const known = {
    PGHOST: hosts.map(({ host }) => host).join(','),
    PGPORT: hosts.map(({ port }) => port).join(','),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGSSLMODE: tls && sslModes[tls.mode],
    PGSSLROOTCERT: tls?.ca,
    PGSSLCERT: tls?.cert,
    PGSSLKEY: tls?.key,
    PGOPTIONS: parameters.options,
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value))
}
