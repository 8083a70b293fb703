import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Bulk, copyFrom, openBulk, silenceTriggers } from '../../src/db/bulk.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let bulk: Bulk
beforeEach(async () => {
  bulk = await openBulk(database.url)
})
afterEach(() => bulk.close())

describe('openBulk', () => {
  it('opens a session without timeouts, in UTC', async () => {
    const [settings] = await bulk.sql`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('TimeZone') as zone, current_setting('work_mem') as memory`
    expect(settings).toEqual({ statement: '0', lock: '0', zone: 'UTC', memory: '64MB' })
  })

  it('keeps one session, with its temporary tables', async () => {
    await bulk.sql`create temp table kept (n integer)`
    const all = await Promise.all(
      [1, 2, 3].map(
        () => bulk.sql`select pg_backend_pid() as pid from (select count(*) from kept) as k`,
      ),
    )
    expect(new Set(all.map(([row]) => row?.pid)).size).toBe(1)
  })

  it('fails every statement once its session is lost, and runs none on another', async () => {
    await bulk.sql`begin`
    await bulk.sql`insert into users (username) values ('ann')`
    const running = bulk.sql`select pg_sleep(60)`.catch((error) => error.code)
    await expect
      .poll(
        () => database.sql`
          select from pg_stat_activity
          where datname = current_database() and query = 'select pg_sleep(60)' and state = 'active'`,
      )
      .toHaveLength(1)
    await bulk.abort()
    expect(await running).toMatch(/^(57P01|CONNECTION_CLOSED)$/)
    await expect(bulk.sql`commit`).rejects.toThrow()
    await expect(bulk.sql`insert into users (username) values ('ben')`).rejects.toThrow()
    expect(await database.sql`select from users`).toHaveLength(0)
  })

  it('says why there is no connection', async () => {
    const url = Object.assign(new URL(database.url), { pathname: '/nowhere' }).toString()
    await expect(openBulk(url)).rejects.toMatchObject({ code: '3D000' })
  })
})

describe('silenceTriggers', () => {
  const insertOrphan = () => bulk.sql`insert into sessions (user_id) values (77)`
  const sessions = async () => {
    const [total] = await bulk.sql`select n::integer from rollup.current_totals where kind = 3`
    return total?.n
  }
  beforeEach(() => bulk.sql`begin`.then(() => undefined))
  afterEach(() => bulk.sql`rollback`.then(() => undefined))

  it('leaves inserted rows unchecked and uncounted', async () => {
    expect(await silenceTriggers(bulk.sql)).toEqual({ isSilent: true, faults: [] })
    await insertOrphan()
    expect(await sessions()).toBe(0)
  })

  it('is over with the transaction', async () => {
    await silenceTriggers(bulk.sql)
    await bulk.sql`rollback`
    await bulk.sql`begin`
    await expect(insertOrphan()).rejects.toMatchObject({ code: '23503' })
  })

  it('changes nothing where a trigger of its own would not fire always', async () => {
    await bulk.sql`alter table comments disable trigger all`
    await bulk.sql`alter table comments enable trigger all`
    const { isSilent, faults } = await silenceTriggers(bulk.sql)
    expect(isSilent).toBe(false)
    expect(faults).toContain('comments rollup_insert_replica does not fire in replica role alone')
    await expect(insertOrphan()).rejects.toMatchObject({ code: '23503' })
  })

  describe('beside a trigger of somebody else', () => {
    beforeAll(async () => {
      await database.sql`create function theirs() returns trigger language plpgsql as 'begin return new; end'`
      await database.sql`create trigger theirs after insert on posts for each row execute function theirs()`
    })
    afterAll(() => database.sql`drop function theirs() cascade`.then(() => undefined))

    it('changes nothing, since that would be silent as well', async () => {
      expect(await silenceTriggers(bulk.sql)).toEqual({ isSilent: false, faults: [] })
      await expect(insertOrphan()).rejects.toMatchObject({ code: '23503' })
    })
  })
})

describe('copyFrom', () => {
  beforeEach(() => bulk.sql`create temp table copied (n integer unique)`.then(() => undefined))
  const copy = (chunks: AsyncIterable<Buffer>) =>
    copyFrom(bulk.sql, bulk.sql`copy copied from stdin`, chunks)
  const count = async () => (await bulk.sql`select from copied`).length

  it('copies every chunk, wherever it is cut', async () => {
    async function* chunks() {
      for (const text of ['1\n2', '3\n', '', '4\n']) yield Buffer.from(text)
    }
    await copy(chunks())
    expect(await bulk.sql`select n from copied order by n`).toEqual([{ n: 1 }, { n: 4 }, { n: 23 }])
  })

  it('stops asking for chunks once PostgreSQL refuses one, and throws what it says', async () => {
    async function* chunks() {
      yield Buffer.from('x\n')
      for (;;) yield Buffer.alloc(64 * 1024, '1\n')
    }
    await expect(copy(chunks())).rejects.toMatchObject({ code: '22P02' })
  })

  it('notices in a transaction that the rows are refused at the very end', async () => {
    async function* chunks() {
      yield Buffer.from('1\n1\n')
    }
    await bulk.sql`begin`
    await expect(copy(chunks())).rejects.toMatchObject({ code: '25P02' })
    await bulk.sql`rollback`
  })

  it('keeps nothing when its chunks fail', async () => {
    async function* chunks() {
      yield Buffer.from('1\n')
      throw new Error('The disk is gone.')
    }
    await expect(copy(chunks())).rejects.toThrow('The disk is gone.')
    expect(await count()).toBe(0)
  })
})
