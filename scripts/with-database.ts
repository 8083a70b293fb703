import { spawn } from 'node:child_process'
import { readConfig } from '../src/config.ts'
import { migrateWhenUp } from '../src/db/migrate-when-up.ts'
import { provideDatabase } from '../src/db/provide.ts'
import { whenOrphaned } from '../src/server/orphaned.ts'

/** Runs a command with DATABASE_URL set to the database that `npm start` would use, migrated. */
const [command = '', ...args] = process.argv.slice(2)
// Ctrl-C ends the command; the database stops after it.
process.on('SIGINT', () => {}).on('SIGTERM', () => {})
try {
  const config = readConfig(process.env)
  const database = await provideDatabase(config)
  await migrateWhenUp(database.directUrl, 5_000, (reason) => console.error(`Waiting for ${reason}`))
  // as it was given: drizzle-kit has a driver of its own, which reads files of certificates itself
  const url = config.directUrl ?? config.databaseUrl ?? database.url
  const env = { ...process.env, DATABASE_URL: url }
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
