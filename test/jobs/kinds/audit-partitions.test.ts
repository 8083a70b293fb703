import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { auditPartitions } from '../../../src/jobs/kinds/audit-partitions.ts'
import { connectTo, useDatabase } from '../../support/database.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'
import { useRole } from '../../support/role.ts'

const database = useDatabase()
let pool: Pool

beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())
beforeEach(async () => {
  await database.sql`delete from shopboard.audit_log`
  await run()
})

const run = (auditRetention = 365, signal = new AbortController().signal) =>
  auditPartitions.work({
    id: 1,
    params: {},
    pool,
    signal,
    settings: { ...settings, auditRetention },
    progress: () => {},
  })

/** The bounds of the months, as they are told to a session in UTC. */
const months = () => database.sql<{ name: string; bound: string }[]>`
  select relname as name, pg_get_expr(relpartbound, pg_class.oid) as bound
  from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'shopboard.audit_log'::regclass and relname <> 'audit_log_default' order by relname`

/** Months from this one, which is 0, in UTC: `2026_11`. */
async function nameOf(ahead: number): Promise<string> {
  const [row] = await database.sql`
    select to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => ${ahead}::int), 'YYYY_MM') as name`
  return `audit_log_${row?.name}`
}

const write = (at: string, n = 1, actor = 'a test') => database.sql`
  insert into shopboard.audit_log (at, actor, action, table_name)
  select ${at}::timestamptz + i * interval '1 microsecond', ${actor}, 'create', 'users' from generate_series(0, ${n - 1}::int) as i`

const placesOf = (actor: string) => database.sql<{ place: string; n: number }[]>`
  select relname as place, count(*)::int as n from shopboard.audit_log
  join pg_class on pg_class.oid = audit_log.tableoid where actor = ${actor} group by 1 order by 1`

/** An instant so many months from the begin of this one. */
async function begin(ahead: number): Promise<string> {
  const [row] = await database.sql`
    select ((date_trunc('month', now() at time zone 'UTC') + make_interval(months => ${ahead}::int)) at time zone 'UTC')::text as at`
  return String(row?.at)
}

describe('the partitions of the audit log', () => {
  it('are there for this month and the three that come, once it is migrated', async () => {
    const names = (await months()).map(({ name }) => name)
    expect(names).toEqual(await Promise.all([0, 1, 2, 3].map(nameOf)))
  })

  it('take the rows of their month from the default, whatever the time zone of the session', async () => {
    await write(await begin(-2), 3, 'first')
    await database.sql`insert into shopboard.audit_log (at, actor, action, table_name)
      values (${await begin(-2)}::timestamptz - interval '1 microsecond', 'last', 'create', 'users')`
    await database.sql.begin(async (sql) => {
      await sql.unsafe(`set local timezone = 'America/New_York'; set local datestyle = 'SQL, DMY'`)
      for (const _ of ['one', 'another']) await sql`select shopboard.tend_audit(3650)`
    })
    expect(await placesOf('first')).toEqual([{ place: await nameOf(-2), n: 3 }])
    expect(await placesOf('last')).toEqual([{ place: await nameOf(-3), n: 1 }])
  })

  it('leave a month with many rows in the default, and lose none', async () => {
    await write(await begin(-5), 5_001, 'many')
    await run()
    expect(await placesOf('many')).toEqual([{ place: 'audit_log_default', n: 5_001 }])
  })

  it('go whole once all of them is past the retention, and no younger ones', async () => {
    await write(await begin(-4), 1, 'old')
    await write(await begin(-2), 1, 'young')
    await run(3650)
    expect(await run(62)).toMatchObject({
      steps: expect.arrayContaining([
        `detached ${await nameOf(-4)}`,
        `dropped ${await nameOf(-4)}`,
      ]),
    })
    expect([await placesOf('old'), await placesOf('young')]).toMatchObject([[], [{ n: 1 }]])
  })

  it('are deleted from the default, too', async () => {
    await write('2001-02-03', 2_500, 'ancient')
    expect(await run()).toEqual({ rows: 2_500, steps: ['deleted 2500 rows'] })
    expect(await placesOf('ancient')).toEqual([])
    expect((await months()).map(({ name }) => name)).not.toContain('audit_log_2001_02')
  })

  it('are dropped though the last run ended between detaching and dropping', async () => {
    await write(await begin(-3), 1, 'half')
    await run(3650)
    const name = await nameOf(-3)
    await database.sql.unsafe(`alter table shopboard.audit_log detach partition shopboard.${name}`)
    await run()
    expect(await database.sql`select to_regclass(${`shopboard.${name}`}) as found`).toEqual([
      { found: null },
    ])
  })

  it('keep 30 days at least, whatever they are asked', async () => {
    await database.sql`insert into shopboard.audit_log (actor, action, table_name) values ('now', 'create', 'users')`
    await run(0)
    expect(await placesOf('now')).toMatchObject([{ n: 1 }])
  })

  it('wait for a writer and let others pass meanwhile', async () => {
    await write(await begin(-4), 1, 'old')
    await run(3650)
    const writer = connectTo(database.url)
    await writer.begin(async (sql) => {
      await sql`insert into shopboard.audit_log (actor, action, table_name) values ('open', 'create', 'users')`
      const running = run(62)
      await expect
        .poll(
          () =>
            database.sql`select from pg_locks where not granted and mode = 'AccessExclusiveLock'`,
        )
        .toHaveLength(1)
      await write(await begin(0), 1, 'beside')
      void running.catch(() => {})
    })
    await writer.end({ timeout: 1 })
    await expect.poll(() => placesOf('old')).toEqual([])
    expect(await placesOf('beside')).toMatchObject([{ n: 1 }])
  })

  describe('for a role that owns nothing', () => {
    const grants = `grant usage on schema shopboard to ROLE; grant select, insert on shopboard.audit_log to ROLE`
    const role = useRole(database, grants)

    it('are nobody’s to tend without the right to', async () => {
      await expect(role.sql`select shopboard.tend_audit(365)`).rejects.toMatchObject({
        code: '42501',
      })
    })

    it('are tended with it, and can be changed in no other way', async () => {
      await database.sql.unsafe(
        `grant execute on function shopboard.tend_audit(integer) to ${role.name}`,
      )
      await role.sql`select shopboard.tend_audit(365)`
      await role.sql`insert into shopboard.audit_log (actor, action, table_name) values ('x', 'create', 'users')`
      for (const change of ['delete from', 'truncate', 'drop table'])
        await expect(role.sql.unsafe(`${change} shopboard.audit_log`)).rejects.toMatchObject({
          code: '42501',
        })
    })
  })
})
