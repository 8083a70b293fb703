import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { rebuild } from '../../../src/db/rollup/rebuild.ts'
import { type Verification, verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertUser } from '../../support/factories.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'

let database: TestDatabase
let pool: Pool
beforeEach(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
  await insertUser(database.sql, { id: 7 })
  await insertPost(database.sql, { id: 70, author_id: 7 })
})
afterEach(async () => {
  await pool.close()
  await database.drop()
})

const run = async (...statements: string[]) => {
  for (const statement of statements) await database.sql.unsafe(statement)
}
const drifted = async () =>
  (await verify(pool)).flatMap(({ rollup, drift }) => (drift > 0 ? [rollup] : []))

/** No drift while pending, none when folded. */
async function expectExact() {
  expect(await drifted()).toEqual([])
  await run('select rollup.fold()')
  expect(await drifted()).toEqual([])
}

describe('the rollups are exact', () => {
  it('after a fold in a session whose clocks skip midnight', async () => {
    await database.sql.begin(async (tx) => {
      await tx`set local timezone = 'America/Santiago'`
      await tx`insert into sessions (user_id, created_at) values (7, '2026-09-01T15:00Z')`
      await tx`select rollup.fold()`
    })
    await expectExact()
  })

  it('when a trigger changes the row it is fired for again', async () => {
    await run(
      `create function moderate() returns trigger language plpgsql as $$ begin update posts set deleted_at = now() where id = new.id; return null; end $$`,
      `create trigger a_moderation after insert on posts for each row when (new.body like '%spam%') execute function moderate()`,
      `create trigger z_moderation after insert on posts for each row when (new.body like '%spam%') execute function moderate()`,
      `insert into posts (author_id, body) values (7, 'spam')`,
      `insert into posts (author_id, body, created_at) values (7, 'ok', now() + interval '1 day')`,
    )
    await expectExact()
  })

  it('when rows are written and truncated in replica role', async () => {
    await insertComment(database.sql, { post_id: 70, author_id: 7 })
    await run('select rollup.fold()')
    await database.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`insert into posts (author_id) values (7)`
      await tx`update posts set author_id = null where id = 70`
    })
    await expectExact()
    await database.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`truncate comments, posts cascade`
    })
    await expectExact()
  })

  it('when rows arrive through a partitioned parent', async () => {
    await run(
      'alter table sessions alter id drop identity',
      'create table every_session (like sessions) partition by list (user_id)',
      'alter table every_session attach partition sessions default',
      `insert into every_session (id, user_id, created_at, last_seen_at) values (1, 7, now(), now())`,
      `update every_session set created_at = created_at - interval '3 days'`,
    )
    await expectExact()
    await run('truncate every_session')
    await expectExact()
  })

  it('when ids, owners and times are rewritten, in savepoints and by merge', async () => {
    await database.sql.begin(async (tx) => {
      await tx`insert into comments (id, post_id, author_id, body) values (1, 70, 7, '')`
      await tx`savepoint one`
      await tx`delete from posts where id = 70`
      await tx`rollback to one`
      await tx`select rollup.fold()`
      await tx`savepoint two`
      await tx`update comments set id = -9223372036854775808, created_at = '0001-01-01T00:00:00Z'`
      await tx`select rollup.fold()`
      await tx`update comments set created_at = '9999-12-31T23:59:59.999999Z', author_id = null`
    })
    await run(
      `merge into users u using (values (7), (8)) as v (id) on u.id = v.id
       when matched then update set id = 9223372036854775807, deleted_at = now()
       when not matched then insert (id, username) values (v.id, 'eight')`,
    ).catch((error) => expect(error.code).toBe('23503'))
    await run(`update users set deleted_at = now(), created_at = created_at - interval '1 year'`)
    await expectExact()
    await run('delete from users')
    await expectExact()
  })

  it('without a mark, which the next fold makes again, and there cannot be two', async () => {
    await run('select rollup.fold()')
    await plant(database.sql, 'delete from rollup.mark')
    await insertUser(database.sql)
    expect(await drifted()).toEqual([])
    await expectExact()
    expect(await database.sql`select from rollup.mark`).toHaveLength(1)
    for (const one of ['true', 'false', 'null'])
      await expect(
        plant(
          database.sql,
          `insert into rollup.mark select ${one}, seen_below, except_for, written_by, written_to from rollup.mark`,
        ),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^23/) })
  })

  it('when a table has columns of names that functions use', async () => {
    await run(
      'alter table posts add column sign text, add column n int, add column kind text, add column folded int, add column tg_op text',
      'insert into posts (author_id) values (7)',
    )
    await expectExact()
  })
})

describe('verify tells', () => {
  it.each([
    ['enable trigger', 'rollup_delete', 'does not fire always'],
    ['enable replica trigger', 'rollup_delete', 'does not fire always'],
    ['disable trigger', 'rollup_insert', 'is disabled'],
    ['enable always trigger', 'rollup_insert', 'does not fire in origin role alone'],
    ['enable replica trigger', 'rollup_insert', 'does not fire in origin role alone'],
    ['enable trigger', 'rollup_insert_replica', 'does not fire in replica role alone'],
    ['enable always trigger', 'rollup_insert_replica', 'does not fire in replica role alone'],
    ['disable trigger', 'rollup_insert_replica', 'is disabled'],
  ])('of triggers after `%s %s`', async (change, name, fault) => {
    await run(`alter table posts ${change} ${name}`)
    const [triggers] = await verify(pool)
    expect(triggers).toMatchObject({ drift: 1, examples: [`posts ${name} ${fault}`] })
  })

  it('of triggers that were disabled and enabled all at once, and each row is still counted once', async () => {
    await run(
      'alter table posts disable trigger all; alter table posts enable trigger all',
      'insert into posts (author_id) values (7)',
    )
    const [triggers] = await verify(pool)
    expect(triggers).toMatchObject({ drift: 5 })
    expect(await drifted()).toEqual(['triggers'])
  })

  it.each([
    ['drop trigger rollup_insert on posts', 'posts rollup_insert is missing'],
    [
      'create trigger twice after insert on posts for each row execute function rollup.posts_insert()',
      'posts twice should not be there',
    ],
    [
      'drop trigger rollup_insert on posts; create trigger rollup_insert after insert on posts for each row when (new.id > 9) execute function rollup.posts_insert()',
      'posts rollup_insert is not as it was made',
    ],
    [
      'create or replace function rollup.posts_delete() returns trigger language plpgsql security definer as $$ begin return null; end $$',
      'posts rollup_delete is not as it was made',
    ],
    ['drop trigger guard on rollup.counts', 'rollup.counts guard is missing or disabled'],
  ])('of triggers after: %s', async (change, fault) => {
    await run(change)
    const [triggers] = await verify(pool)
    expect(triggers).toMatchObject({ drift: 1, examples: [fault] })
  })

  it('the drift of rows in a child table, and rebuild counts them', async () => {
    await run('create table child () inherits (users)')
    await run(`insert into child (id, username) values (9, 'inherited')`)
    expect(await drifted()).toContain('counts')
    await rebuild(pool, () => {})
    expect(await drifted()).toEqual([])
  })

  it('nothing when the type of a counted column is to change: PostgreSQL refuses', async () => {
    const altering = run('alter table posts alter created_at type timestamptz(0)')
    await expect(altering).rejects.toMatchObject({
      code: '0A000',
      message: 'cannot alter type of a column used in a trigger definition',
    })
  })

  it('which table is gone when one is renamed: its writes fail, those of others count', async () => {
    await run('alter table posts rename to articles')
    await expect(run('insert into articles (author_id) values (7)')).rejects.toMatchObject({
      code: '42P01',
      message: 'relation "public.posts" does not exist',
    })
    await run('insert into sessions (user_id) values (7)')
    const told: Verification[] = []
    await expect(verify(pool, (one) => told.push(one))).rejects.toMatchObject({ code: '42P01' })
    expect(told[0]?.examples).toContain('articles rollup_delete should not be there')
    await run('alter table articles rename to posts')
    await expectExact()
  })

  it.each([
    ['posts', 'author_id', 'insert into posts (writer) values (7)'],
    ['comments', 'post_id', `insert into comments (writer, body) values (70, '')`],
    ['users', 'created_at', `insert into users (username) values ('new')`],
    ['sessions', 'deleted_at', 'insert into sessions (user_id) values (7)'],
  ])(
    'which column is gone when %s.%s is renamed, and all is exact when it is named back',
    async (table, column, write) => {
      await run(`alter table ${table} rename ${column} to writer`)
      const missing = { code: '42703', message: `record "new" has no field "${column}"` }
      await expect(run(write)).rejects.toMatchObject(missing)
      await expect(verify(pool)).rejects.toMatchObject({ code: '42703' })
      await run(`alter table ${table} rename writer to ${column}`)
      await run(write.replace('writer', column))
      await expectExact()
    },
  )
})
