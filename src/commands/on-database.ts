import { type Config, readConfig } from '../config.ts'
import { migrateWhenUp } from '../db/migrate-when-up.ts'
import { provideDatabase } from '../db/provide.ts'
import { reasonOf } from '../db/when-up.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import { shopboard } from '../invocation.ts'
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
  /**
   * Whether the schema is brought up to date first; by default as MIGRATE says, and with `off` an older one is refused.
   * False leaves it as it is: a role that owns nothing and a hot standby can do no other.
   */
  readonly isMigrating?: boolean
  /** Whether it needs a session of its own, which no transaction pooler gives. */
  readonly isSession?: boolean
  /** The command's name, where it answers with one JSON object. */
  readonly json?: string
}

/** Provides the database of `env`, migrates it, runs `command` on it, and returns the exit code. */
export async function onDatabase<Flags>(
  command: DatabaseCommand<Flags>,
  flags: Flags,
  terminal: Terminal = process,
  env: Parameters<typeof readConfig>[0] = process.env,
  { isMigrating, isSession = false, json }: DatabaseCommandOptions = {},
): Promise<number> {
  const say = (text: string) => void terminal.stderr.write(`${text}\n`)
  const machine = json === undefined ? undefined : jsonOn(terminal, json)
  const { stderr } = machine ?? terminal
  let stop = async () => {}
  let exitCode = 1
  try {
    const config = directly(readConfig(env))
    for (const warning of config.warnings) say(warning)
    if (isSession && config.pooler === 'transaction') throw new Error(needsSession)
    const database = await provideDatabase(config)
    stop = database.stop
    if (isMigrating !== false)
      await migrateWhenUp(
        database.url,
        startTimeout,
        (reason) => say(`Waiting for the database ${reason}`),
        { ...config, isMigrating: isMigrating ?? config.isMigrating, onHeldUp: say },
      )
    exitCode = await command({ url: database.url, config }, flags, machine ?? terminal)
  } catch (error) {
    const isNotMigrated = isMigrating === false && isUnmigrated(error)
    stderr.write(`${isNotMigrated ? notMigrated : reasonOf(error)}\n`)
  } finally {
    await stop()
  }
  machine?.end(exitCode)
  return exitCode
}

/** Past a pooler, where the way past it is known. */
const directly = (config: Config): Config =>
  config.directUrl === undefined
    ? config
    : { ...config, databaseUrl: config.directUrl, pooler: 'none' }

const needsSession =
  'This command needs a connection of its own, which a transaction pooler does not give: set DATABASE_DIRECT_URL to the address of PostgreSQL itself.'
const notMigrated = `The database is not migrated: ${shopboard} migrate`
/** No such schema, table or function of the rollups; another table was renamed, and the error says which. */
const isUnmigrated = (error: unknown) =>
  /^(3F000|42P01|42883)$/.test(sqlStateOf(error) ?? '') && reasonOf(error).includes('rollup')
