import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Embedded, startEmbedded } from '../../../src/db/embedded/server.ts'
import { migrate } from '../../../src/db/migrate.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { connectTo, type TestSql } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

describe('a prepared transaction', () => {
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const directory = mkdtempSync(join(base, 'shopboard-prepared-'))
  let server: Embedded
  let sql: TestSql
  const start = async () => {
    const settings = { max_prepared_transactions: '5', autovacuum: 'off', fsync: 'off' }
    server = await startEmbedded({ dir: join(directory, 'data'), settings })
    sql = connectTo(server.url())
  }
  const stop = async () => {
    await sql.end()
    await server.stop()
  }
  beforeAll(async () => {
    await start()
    await migrate(server.url())
    await insertUser(sql, { id: 7 })
    await sql`select rollup.fold()`
  }, 60_000)
  afterAll(async () => {
    await stop()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Posts of user 7, prepared under a name. */
  const prepare = async (name: string, ...more: string[]) => {
    const one = await sql.reserve()
    await one.unsafe('begin')
    await one.unsafe(`insert into posts (author_id) select 7 from generate_series(1, 10)`)
    for (const statement of more) await one.unsafe(statement)
    await one.unsafe(`prepare transaction '${name}'`)
    one.release()
  }
  const posts = async () =>
    Number((await sql`select n from rollup.current_totals where kind = 0`)[0]?.n)
  const pending = async () => (await sql`select from rollup.pending`).length

  async function expectExact() {
    const pool = openTestPool(server.url())
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
    await pool.close()
  }
  const fold = async () => Number((await sql`select rollup.fold() as n`)[0]?.n)

  it('is pending to nobody and counts when it is committed, whatever was folded meanwhile', async () => {
    const before = await posts()
    await prepare('kept')
    expect(await pending()).toBe(0)
    expect(await posts()).toBe(before)
    await sql`insert into posts (author_id) values (7)`
    expect(await fold()).toBe(1)
    await expectExact()
    await sql`commit prepared 'kept'`
    expect(await posts()).toBe(before + 11)
    await expectExact()
    expect(await fold()).toBe(10)
    await expectExact()
  })

  it('that is rolled back never counts', async () => {
    const before = await posts()
    await prepare('dropped', 'update users set deleted_at = now()')
    await sql`insert into posts (author_id) values (7)`
    await fold()
    await sql`rollback prepared 'dropped'`
    await expectExact()
    expect(await fold()).toBe(0)
    expect(await posts()).toBe(before + 1)
    await expectExact()
  })

  it('holds the folds back when it folded itself, and nobody is told less or more', async () => {
    await prepare('folding', 'select rollup.fold()')
    await sql`insert into posts (author_id) values (7)`
    expect(await fold()).toBe(0)
    await expectExact()
    await sql`commit prepared 'folding'`
    await expectExact()
    expect(await fold()).toBe(1)
    await expectExact()
  })

  it('counts also when the server restarts before it is committed', async () => {
    const before = await posts()
    await prepare('waiting')
    await sql`insert into posts (author_id) values (7)`
    await fold()
    await prepare('waiting too')
    await stop()
    await start()
    await expectExact()
    expect(await fold()).toBe(0)
    await sql`commit prepared 'waiting'`
    await expectExact()
    await sql`insert into posts (author_id) values (7)`
    expect(await fold()).toBe(11)
    await sql`commit prepared 'waiting too'`
    await expectExact()
    expect(await fold()).toBe(10)
    expect(await posts()).toBe(before + 22)
    await expectExact()
  })
})
