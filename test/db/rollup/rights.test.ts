import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/db/migrate.ts'
import { rebuild } from '../../../src/db/rollup/rebuild.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase, useDatabase } from '../../support/database.ts'
import { insertComment, insertUser } from '../../support/factories.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'
import { useRole } from '../../support/role.ts'

const reading = 'grant usage on schema rollup to ROLE; grant pg_read_all_data to ROLE'

/** Of every table, for each of its events. */
const functions = ['users', 'posts', 'comments', 'sessions'].flatMap((table) =>
  ['insert', 'delete', 'update', 'touch', 'truncate'].map((event) => ({ table, event })),
)

describe('a role that may only read', () => {
  const database = useDatabase()
  const stranger = useRole(database, `${reading}; grant create on schema public to ROLE`)

  it.each(functions)('cannot hang rollup.$table_$event on its own table', async (hung) => {
    await stranger.sql`create table if not exists public.own (id bigint, created_at timestamptz, deleted_at timestamptz)`
    await expect(hang(hung)).rejects.toMatchObject({ code: '42501' })
  })

  it('cannot call what writes, nor write itself', async () => {
    for (const call of [
      'select rollup.fold()',
      `select rollup.rebuild('totals')`,
      `select rollup.divide('{}')`,
      `select set_config('search_path', 'pg_catalog, pg_temp', false); update rollup.totals set n = 0`,
      'insert into rollup.deltas (kind, n, created_at, id) values (0, 1, now(), 1)',
      'delete from rollup.deltas',
      'delete from rollup.mark',
      'truncate rollup.deltas',
    ])
      await expect(stranger.sql.unsafe(call), call).rejects.toMatchObject({ code: '42501' })
  })

  it('does not stop the fold by any lock it can have', async () => {
    await insertUser(database.sql)
    const held = await stranger.sql.reserve()
    await held`select pg_advisory_lock(hashtextextended('rollup.fold', 0))`
    await held`begin`
    for (const mode of ['row exclusive', 'exclusive', 'access exclusive']) {
      await held`savepoint before`
      await expect(held.unsafe(`lock table rollup.folding in ${mode} mode`)).rejects.toMatchObject({
        code: '42501',
      })
      await held`rollback to before`
    }
    for (const table of ['folding', 'deltas', 'totals', 'counts', 'mark', 'versions', 'segments'])
      await held.unsafe(`lock table rollup.${table} in access share mode`)
    expect((await database.sql`select rollup.fold() as n`)[0]?.n).toBe('1')
    await held`rollback`
    await held`select pg_advisory_unlock_all()`
    held.release()
  })

  it('verifies, by usage and select alone', async () => {
    await insertComment(database.sql)
    const pool = openTestPool(stranger.url)
    const verifications = await verify(pool)
    await pool.close()
    expect(verifications.map(({ drift }) => drift)).toEqual(Array(9).fill(0))
  })

  async function hang({ table, event }: { table: string; event: string }) {
    const when = event === 'truncate' ? 'truncate' : 'insert'
    const level = event === 'truncate' ? 'statement' : 'row'
    await stranger.sql.unsafe(
      `create trigger own_${table}_${event} after ${when} on public.own for each ${level} execute function rollup.${table}_${event}()`,
    )
  }

  describe('of a database restored without privileges', () => {
    afterEach(async () => {
      await database.sql`drop table if exists public.own`
    })

    it('runs no code of its own as the owner, and falsifies nothing', async () => {
      const { sql } = database
      await sql`grant execute on all functions in schema rollup to public`
      await sql`drop table if exists public.own`
      await stranger.sql.unsafe(`
        create type public.ty as (a int);
        create function public.f(public.ty) returns timestamptz language plpgsql as $$ begin execute 'alter role ${stranger.name} createrole'; return now(); end $$;
        create cast (public.ty as timestamptz) with function public.f(public.ty) as implicit;
        create table public.own (id bigint, author_id bigint, user_id bigint, post_id bigint, created_at public.ty, deleted_at timestamptz)`)
      for (const hung of functions) {
        await hang(hung)
        const statement =
          hung.event === 'truncate'
            ? 'truncate public.own'
            : 'insert into public.own (id, created_at) values (1, row(1))'
        await expect(stranger.sql.unsafe(statement)).rejects.toMatchObject({ code: '42501' })
        await sql.unsafe(`drop trigger own_${hung.table}_${hung.event} on public.own`)
      }
      expect(
        await sql`select from pg_roles where rolname = ${stranger.name} and rolcreaterole`,
      ).toEqual([])
      await stranger.sql.unsafe('drop table public.own; drop type public.ty cascade')
    })

    it('is told so by verify', async () => {
      const pool = openTestPool(stranger.url)
      const [triggers] = await verify(pool)
      await pool.close()
      expect(triggers).toMatchObject({
        rollup: 'triggers',
        examples: [
          'comments rollup_delete has a function that anyone may execute',
          'comments rollup_insert has a function that anyone may execute',
          'comments rollup_insert_replica has a function that anyone may execute',
        ],
      })
      const faults =
        await database.sql`select name from rollup.trigger_faults where relation = 'rollup' order by name`
      expect(faults.map(({ name }) => name)).toEqual(['divide', 'fold', 'fold_last', 'rebuild'])
    })
  })
})

describe('a role that only writes', () => {
  const database = useDatabase()
  const writer = useRole(
    database,
    'grant insert, update, delete, select on all tables in schema public to ROLE; grant usage on all sequences in schema public to ROLE',
  )

  it('is counted without any right to the rollups, whatever lies in its search path', async () => {
    await writer.sql.begin(async (tx) => {
      await tx`set local search_path = pg_temp, public`
      await tx`create temp table deltas (kind int)`
      await tx`create temp table posts (id int)`
      await tx`create function pg_temp.never(oid, oid) returns boolean language sql return false`
      await tx`create operator pg_temp.<> (leftarg = oid, rightarg = oid, function = pg_temp.never)`
      await tx`insert into public.users (username) values ('someone')`
      await tx`update public.users set deleted_at = now()`
      await tx`insert into public.posts (author_id) select id from public.users`
      await tx`delete from public.users`
    })
    const pool = openTestPool(database.url)
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
    await pool.close()
  })
})

describe('a role that may execute rollup.rebuild', () => {
  const database = useDatabase()
  const mender = useRole(
    database,
    'grant usage on schema rollup to ROLE; grant execute on function rollup.rebuild(text) to ROLE',
  )

  it('rebuilds, though it may read no table', async () => {
    await insertComment(database.sql)
    await database.sql`select rollup.fold()`
    await plant(database.sql, 'update rollup.totals set n = 5')
    const pool = openTestPool(mender.url)
    const mended: number[] = []
    await rebuild(pool, (rebuilt) => mended.push(rebuilt.mended))
    await pool.close()
    expect(mended).toEqual([4, 0, 0, 0, 0, 0, 0, 0])
    await expect(mender.sql`select from users`).rejects.toMatchObject({ code: '42501' })
  })
})

describe('a role that owns its database and is no superuser', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false })
  })
  afterAll(() => database.drop())
  const owner = useRole(
    {
      get url() {
        return database.url
      },
      get sql() {
        return database.sql
      },
    },
    `do $$ begin execute format('alter database %I owner to ROLE', current_database()); end $$`,
  )

  it('migrates, folds, rebuilds and verifies, and writes no rollup by hand', async () => {
    onTestFinished(async () => {
      await database.sql.unsafe(`reassign owned by ${owner.name} to current_user`)
    })
    await migrate(owner.url)
    await insertComment(owner.sql)
    await owner.sql`select rollup.fold()`
    await insertComment(owner.sql)
    const pool = openTestPool(owner.url)
    await rebuild(pool, () => {})
    await owner.sql`select rollup.fold()`
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
    await pool.close()
    await expect(owner.sql`update rollup.totals set n = 0`).rejects.toMatchObject({ code: '42501' })
  })
})
