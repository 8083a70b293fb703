import { describe, expect, it, onTestFinished } from 'vitest'
import { onDatabase } from '../../src/commands/on-database.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { readConfig } from '../../src/config.ts'
import { startFolding } from '../../src/db/rollup/fold.ts'
import { prepare } from '../../src/server/prepare.ts'
import { recordingTerminal } from '../commands/terminal.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { type PgBouncerOptions, startPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts'
import { openTestPool } from '../support/pool.ts'
import { useRole } from '../support/role.ts'

/** What a start with this environment says, and the sentence it fails with. */
async function start(env: Readonly<Record<string, string>>) {
  const config = readConfig(env)
  const url = config.databaseUrl ?? ''
  const said: string[] = []
  const database = { url, directUrl: config.directUrl ?? url }
  try {
    const say = (line: string) => void said.push(line)
    await prepare({ config, database, say })
    return { said, failure: undefined }
  } catch (error) {
    return { said, failure: error instanceof Error ? error.message : String(error) }
  }
}

async function pooled(url: string, options: PgBouncerOptions) {
  const pooler = await startPgBouncer(url, options)
  onTestFinished(pooler.stop)
  return pooler.url
}

/** Of a role that lacks what writes and jobs take. */
const onlyReads = {
  said: [
    expect.stringMatching(/^The role \w+ serves reads; what writes and jobs take besides: grant /),
  ],
  failure: undefined,
}

describe('prepare', () => {
  const database = useDatabase()
  const reading = `
    grant usage on schema drizzle, rollup to ROLE;
    grant select on all tables in schema drizzle, public, rollup to ROLE`
  const reader = useRole(database, reading)
  const stranger = useRole(
    database,
    `${reading}; revoke select on public.posts, rollup.counts from ROLE; revoke usage on schema rollup from ROLE`,
  )

  it('migrates an empty database', async () => {
    const empty = await createTestDatabase({ migrated: false })
    expect(await start({ DATABASE_URL: empty.url })).toEqual({ said: [], failure: undefined })
    expect(await empty.sql`select from posts`).toEqual([])
    await empty.drop()
  })

  it('refuses an empty database with MIGRATE=off, and names the command', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const { failure } = await start({ DATABASE_URL: empty.url, MIGRATE: 'off' })
    expect(failure).toMatch(
      /^Cannot use the database 127\S+: it is not migrated: run "npm run shopboard -- migrate", or set MIGRATE=on$/,
    )
    await empty.drop()
  })

  it.each(['on', 'off'])('serves a newer schema, with MIGRATE=%s, and says so', async (MIGRATE) => {
    const newer = await createTestDatabase()
    await newer.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 4102444800000)`
    const { said, failure } = await start({ DATABASE_URL: newer.url, MIGRATE })
    expect(failure).toBeUndefined()
    expect(said).toEqual([expect.stringMatching(/^The schema of the database is newer/)])
    await newer.drop()
  })

  it.each(['on', 'off'])(
    'serves as a role that may only read, with MIGRATE=%s',
    async (MIGRATE) => {
      expect(await start({ DATABASE_URL: reader.url, MIGRATE })).toEqual(onlyReads)
    },
  )

  it('serves and verifies a database whose default is read only, and folds nothing there', async () => {
    const still = await createTestDatabase()
    const name = new URL(still.url).pathname.slice(1)
    await still.sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
    expect(await start({ DATABASE_URL: still.url })).toEqual({ said: [], failure: undefined })
    const env = { DATABASE_URL: still.url }
    const isMigrating = false
    expect(await onDatabase(runVerify, {}, recordingTerminal(), env, { isMigrating })).toBe(0)
    const pool = openTestPool(still.url)
    const barred: unknown[] = []
    const onFailed = (error: unknown) => barred.push(error)
    const folding = startFolding({
      pool,
      interval: 20,
      onFailed,
      onBarred: (why) => barred.push(why),
    })
    await expect.poll(() => barred).toEqual(['default_transaction_read_only is on'])
    await folding.stop()
    await pool.close()
    await still.drop()
  })

  it('names the grants that the role lacks', async () => {
    const { failure } = await start({ DATABASE_URL: stranger.url })
    expect(failure).toMatch(`the role ${stranger.name} may not read all of it: `)
    await database.sql.unsafe(failure?.slice(failure.indexOf('grant ')) ?? '')
    expect(await start({ DATABASE_URL: stranger.url })).toEqual(onlyReads)
  })

  it('refuses a role that may not have the connections it takes', async () => {
    await database.sql.unsafe(`alter role ${reader.name} connection limit 2`)
    const env = { DATABASE_URL: reader.url, MIGRATE: 'off' }
    await reader.sql.end({ timeout: 1 })
    const { failure } = await start(env)
    expect(failure).toMatch(/ may have 2 connections, and it takes 4 at least: alter role /)
    await database.sql.unsafe(failure?.slice(failure.indexOf('alter role ')) ?? '')
    expect(await start(env)).toEqual(onlyReads)
  })

  it('says what the schema lacks, whatever its journal says', async () => {
    const torn = await createTestDatabase()
    await torn.sql`drop schema rollup cascade`
    expect((await start({ DATABASE_URL: torn.url })).failure).toMatch(/it has no rollup\.\w+, /)
    await torn.drop()
  })

  describe.skipIf(withoutPgBouncer)('behind PgBouncer', () => {
    it.each(['transaction', 'session'] as const)(
      'refuses mode %s at once, without POOLER, and says what to set',
      async (mode) => {
        const { said, failure } = await start({
          DATABASE_URL: await pooled(database.url, { mode }),
        })
        expect(failure).toMatch(
          /: unsupported startup parameter: \w+, says the connection pooler before it: set POOLER=transaction$/,
        )
        expect(said).toEqual([])
      },
    )

    it('refuses mode statement at once, and says which does', async () => {
      const url = await pooled(database.url, { mode: 'statement' })
      const { said, failure } = await start({ DATABASE_URL: url, POOLER: 'transaction' })
      expect(failure).toMatch(/: .*statement mode cannot be used, one in transaction mode can$/)
      expect(said).toEqual([])
    })

    it('does not wait where it knows no such database', async () => {
      const url = await pooled(database.url, { database: 'shop' })
      const { said, failure } = await start({ DATABASE_URL: url, POOLER: 'transaction' })
      expect(failure).toMatch(/: (no such database: \w+|bouncer config error)$/)
      expect(said).toEqual([])
    })

    it('refuses one that drops the settings without a word', async () => {
      const ignored =
        'statement_timeout lock_timeout idle_in_transaction_session_timeout tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count search_path plan_cache_mode enable_seqscan jit'
      const url = await pooled(database.url, { ignored: ignored.split(' ') })
      expect((await start({ DATABASE_URL: url })).failure).toMatch(
        /leaves out what a connection asks for \(statement_timeout is 0, not 10000\): set POOLER=transaction$/,
      )
    })

    it('works with POOLER=transaction, and with pgbouncer=true in its URL, on an empty database', async () => {
      const empty = await createTestDatabase({ migrated: false })
      const url = await pooled(empty.url, {})
      expect(await start({ DATABASE_URL: url, POOLER: 'transaction' })).toEqual({
        said: [],
        failure: undefined,
      })
      expect((await start({ DATABASE_URL: `${url}?pgbouncer=true` })).failure).toBeUndefined()
      await empty.drop()
    })

    it('refuses start-up options, and says where they are', async () => {
      const url = `${await pooled(database.url, {})}?options=-c%20jit%3Doff`
      expect((await start({ DATABASE_URL: url, POOLER: 'transaction' })).failure).toMatch(
        /unsupported startup parameter: options, .*: remove options from its URL$/,
      )
    })
  })
})
