import { afterEach, expect, it, onTestFinished } from 'vitest'
import { expiredSessions } from '../../src/jobs/kinds/expired-sessions.ts'
import { killPrograms, runProgram } from '../server/program.ts'
import { connectTo, useDatabase } from '../support/database.ts'
import { insertUser } from '../support/factories.ts'
import { enqueue, jobIn, runsOf, settings, work } from '../support/jobs.ts'
import { openTestPool } from '../support/pool.ts'

const database = useDatabase()
afterEach(killPrograms)

/** A process that does nothing but run jobs. */
const server = `
  import { openPool } from './../db/pool/pool.ts'
  import { expiredSessions } from './../jobs/kinds/expired-sessions.ts'
  import { startJobs } from './../jobs/working.ts'
  const pool = openPool(process.env.URL, {
    size: 3, acquireTimeout: 30000, queueLimit: 100, connectTimeout: 10000, statementTimeout: 0, lockTimeout: 0,
    idleInTransactionTimeout: 0, applicationName: 'killed', on() {},
  })
  startJobs({
    pool, workPool: pool, kinds: [expiredSessions], worker: 'killed', settings: { sessionRetention: 1 },
    on() {}, onBarred() {}, onFailed: console.error,
  })`

it('a job whose server is killed midway is completed by another', async () => {
  const { sql } = database
  const { id: userId } = await insertUser(sql)
  await sql`insert into sessions (user_id, created_at, last_seen_at)
    select ${userId}, '2020-01-01', '2020-01-02' from generate_series(1, 3000)`
  // every batch but the first waits for whoever holds the lock
  await sql.unsafe(`
    create function wait() returns trigger language plpgsql as
      $$ begin if (select count(*) from sessions) < 3000 then perform pg_advisory_xact_lock_shared(7); end if; return null; end $$;
    create trigger waits before delete on sessions for each statement execute function wait()`)
  const pool = openTestPool(database.url)
  const holder = connectTo(database.url)
  onTestFinished(async () => {
    await holder.end({ timeout: 1 })
    await pool.close()
  })
  const [held] = await holder`select pg_advisory_lock(7), pg_backend_pid() as pid`
  const id = await enqueue(pool, expiredSessions)

  const { child, ended } = runProgram(server, { URL: database.url })
  await expect
    .poll(
      () => sql`
        select from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())`,
    )
    .toHaveLength(1)
  child.kill('SIGKILL')
  expect(await ended).toBe('SIGKILL')
  await sql`select pg_terminate_backend(${held?.pid})`
  await sql`update shopboard.jobs set heartbeat_at = now() - interval '31 seconds'`

  const { stop } = work(pool, [expiredSessions], {
    settings: { ...settings, sessionRetention: 1 },
  })
  onTestFinished(stop)
  await expect.poll(async () => (await jobIn(sql, id)).state).toBe('done')
  expect(await sql`select from sessions`).toEqual([])
  expect(await runsOf(sql, id)).toMatchObject([
    { outcome: 'lost' },
    { outcome: 'done', rows: 2000 },
  ])
})
