import { type Config, readConfig } from '../config.ts'
import { migrateWhenUp } from '../db/migrate-when-up.ts'
import { provideDatabase } from '../db/provide.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import { jsonOn } from './json.ts'
import type { Terminal } from './terminal.ts'

/** The database a command works on, migrated unless it says otherwise, and the configuration that named it. */
export type CommandDatabase = { readonly url: string; readonly config: Config }

/** Does its work, tells about it on `terminal`, and returns the exit code. Its failure is exit code 1. */
export type DatabaseCommand<Flags = Record<never, never>> = (
  database: CommandDatabase,
  flags: Flags,
  terminal: Terminal,
) => Promise<number>

/** How long the database may still be starting (ms). */
const startTimeout = 5_000

export type DatabaseCommandOptions = {
  /** Whether the schema is brought up to date first; a role that owns nothing and a hot standby cannot do that. */
  readonly isMigrating?: boolean
  /** The command's name, where it answers with one JSON object. */
  readonly json?: string
}

/** Provides the database of `env`, migrates it, runs `command` on it, and returns the exit code. */
export async function onDatabase<Flags>(
  command: DatabaseCommand<Flags>,
  flags: Flags,
  terminal: Terminal = process,
  env: Parameters<typeof readConfig>[0] = process.env,
  { isMigrating = true, json }: DatabaseCommandOptions = {},
): Promise<number> {
  const machine = json === undefined ? undefined : jsonOn(terminal, json)
  const { stderr } = machine ?? terminal
  let stop = async () => {}
  let exitCode = 1
  try {
    const config = readConfig(env)
    const database = await provideDatabase(config)
    stop = database.stop
    if (isMigrating)
      await migrateWhenUp(
        database.url,
        startTimeout,
        (reason) => void terminal.stderr.write(`Waiting for the database ${reason}\n`),
        config,
      )
    exitCode = await command({ url: database.url, config }, flags, machine ?? terminal)
  } catch (error) {
    stderr.write(`${!isMigrating && isUnmigrated(error) ? notMigrated : messageOf(error)}\n`)
  } finally {
    await stop()
  }
  machine?.end(exitCode)
  return exitCode
}

const notMigrated = 'The database is not migrated: npm run shopboard -- migrate'
/** No such schema, table or function of the rollups; another table was renamed, and the error says which. */
const isUnmigrated = (error: unknown) =>
  /^(3F000|42P01|42883)$/.test(sqlStateOf(error) ?? '') && messageOf(error).includes('rollup')

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
