import { spawn } from 'node:child_process'
import { readConfig } from '../src/config.ts'
import { migrateWhenUp } from '../src/db/migrate-when-up.ts'
import { provideDatabase } from '../src/db/provide.ts'
import { whenOrphaned } from '../src/server/orphaned.ts'

/** Runs a command on the database that `npm start` would use, migrated: DATABASE_URL is set to it, for wrangler too. */
const [command = '', ...args] = process.argv.slice(2)
// Ctrl-C ends the command; the database stops after it.
process.on('SIGINT', () => {}).on('SIGTERM', () => {})
try {
  const database = await provideDatabase(readConfig(process.env))
  await migrateWhenUp(database.url, 5_000, (reason) => console.error(`Waiting for ${reason}`))
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE: database.url,
  }
  const child = spawn(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' })
  whenOrphaned(() => child.kill())
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1))
  })
  await database.stop()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
