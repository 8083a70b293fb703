import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Bulk, CommitUnknown, commit, openBulk, withBulk } from '../../../src/db/bulk/bulk.ts'
import { ConnectionLost } from '../../../src/db/bulk/line.ts'
import { silenceTriggers } from '../../../src/db/bulk/triggers.ts'
import { createTestDatabase, useDatabase } from '../../support/database.ts'
import { refuseStrays } from '../../support/failures.ts'
import { startProxy, type TestProxy } from '../../support/proxy.ts'
import { strangeSettings } from '../../support/strange-settings.ts'

const database = useDatabase()
let bulk: Bulk
beforeEach(async () => {
  bulk = await openBulk(database.url)
})
afterEach(() => bulk.close())

const sleeping = async () =>
  (
    await database.sql`
      select from pg_stat_activity
      where datname = current_database() and query like 'select pg_sleep%' and state = 'active'`
  ).length

describe('openBulk', () => {
  it('opens a session that stands the strange settings of a role or a database', async () => {
    const strange = await createTestDatabase()
    const name = new URL(strange.url).pathname.slice(1)
    for (const setting of strangeSettings)
      await strange.sql.unsafe(`alter database ${name} set ${setting}`)
    const { sql, close } = await openBulk(strange.url)
    const settings =
      await sql`select current_setting('search_path') as path, current_setting('TimeZone') as zone,
      current_setting('DateStyle') as style, current_setting('statement_timeout') as statement,
      current_setting('default_transaction_isolation') as isolation, (select count(*)::int from users) as users`
    expect(settings).toEqual([
      {
        path: 'public',
        zone: 'UTC',
        style: expect.stringMatching(/^ISO/),
        statement: '0',
        isolation: 'read committed',
        users: 0,
      },
    ])
    await close()
    await strange.drop()
  })

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
    const interruption = new AbortController()
    const interrupted = await openBulk(database.url, interruption.signal)
    await interrupted.sql`begin`
    await interrupted.sql`insert into users (username) values ('ann')`
    const running = interrupted.sql`select pg_sleep(60)`.catch((error) => error.code)
    await expect.poll(sleeping).toBe(1)
    interruption.abort()
    expect(await running).toMatch(/^(57P01|CONNECTION_CLOSED)$/)
    await expect(interrupted.sql`commit`).rejects.toThrow()
    await expect(interrupted.sql`insert into users (username) values ('ben')`).rejects.toThrow()
    await interrupted.close()
    expect(await database.sql`select from users`).toHaveLength(0)
  })

  it('says why there is no connection', async () => {
    const url = Object.assign(new URL(database.url), { pathname: '/nowhere' }).toString()
    await expect(openBulk(url)).rejects.toMatchObject({ code: '3D000' })
  })
})

describe('withBulk', () => {
  refuseStrays()
  let proxy: TestProxy
  beforeEach(async () => {
    proxy = await startProxy(database.url)
  })
  afterEach(async () => {
    await proxy.close()
    await expect.poll(sleeping).toBe(0)
  })
  const sleep = ({ sql }: Bulk) => sql`select pg_sleep(${60}::integer)`
  const begin = ({ sql }: Bulk) => sql`begin`

  it('gives what the work returns', async () => {
    const one = withBulk(database.url, undefined, ({ sql }) => sql`select 1 as n`)
    expect(await one).toEqual([{ n: 1 }])
  })

  it.each(['cut', 'reset'] as const)(
    'throws ConnectionLost, and what follows fails: %s',
    async (way) => {
      const rolledBack = vi.fn()
      const lost = withBulk(proxy.url, undefined, async (bulk) => {
        await begin(bulk)
        try {
          await sleep(bulk)
        } catch (error) {
          await bulk.sql`rollback`.catch(rolledBack)
          throw error
        }
      })
      const thrown = expect(lost).rejects.toBeInstanceOf(ConnectionLost)
      await expect.poll(sleeping).toBe(1)
      proxy[way]()
      await thrown
      expect(rolledBack).toHaveBeenCalledOnce()
    },
  )

  it.each(['pass', 'close', 'hang up', 'silent'] as const)(
    "throws the signal's reason, though a second connection finds: %s",
    async (manner) => {
      const interruption = new AbortController()
      const interrupted = withBulk(proxy.url, interruption.signal, sleep)
      const thrown = expect(interrupted).rejects.toThrow('Enough.')
      await expect.poll(sleeping).toBe(1)
      proxy.manner = manner
      interruption.abort(new Error('Enough.'))
      await thrown
    },
  )

  it("throws the signal's reason, though the network is silent", async () => {
    const interruption = new AbortController()
    const interrupted = withBulk(proxy.url, interruption.signal, sleep)
    const thrown = expect(interrupted).rejects.toThrow('Enough.')
    await expect.poll(sleeping).toBe(1)
    proxy.freeze()
    proxy.manner = 'silent'
    interruption.abort(new Error('Enough.'))
    await thrown
    proxy.cut()
  })

  it("throws the signal's reason while connecting", async () => {
    proxy.manner = 'silent'
    const interruption = new AbortController()
    const interrupted = withBulk(proxy.url, interruption.signal, sleep)
    const thrown = expect(interrupted).rejects.toThrow('Enough.')
    await expect.poll(() => proxy.accepted).toBe(1)
    interruption.abort(new Error('Enough.'))
    await thrown
  })

  it('throws CommitUnknown when the answer to a commit is lost, interrupted or not', async () => {
    for (const interruption of [undefined, new AbortController()]) {
      const committing = withBulk(proxy.url, interruption?.signal, async (bulk) => {
        await begin(bulk)
        proxy.freeze()
        proxy.manner = 'close'
        const committed = commit(bulk.sql)
        setImmediate(() => (interruption ? interruption.abort() : proxy.cut()))
        await committed
      })
      await expect(committing).rejects.toBeInstanceOf(CommitUnknown)
      proxy.cut()
      proxy.manner = 'pass'
    }
  })

  it('knows that nothing is committed when the commit fails or was never sent', async () => {
    const lostBefore = withBulk(proxy.url, undefined, async (bulk) => {
      await begin(bulk)
      const sleeping = sleep(bulk).catch(() => {})
      proxy.cut()
      await sleeping
      await commit(bulk.sql)
    })
    await expect(lostBefore).rejects.toBeInstanceOf(ConnectionLost)
    const refused = withBulk(database.url, undefined, async ({ sql }) => {
      await sql`begin`
      await sql`create temp table later (n integer unique deferrable initially deferred)`
      await sql`insert into later values (1), (1)`
      await commit(sql)
    })
    await expect(refused).rejects.toMatchObject({ code: '23505' })
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
      await database.sql`create trigger rollup_theirs after insert on posts for each row execute function theirs()`
    })
    afterAll(() => database.sql`drop function theirs() cascade`.then(() => undefined))

    it('changes nothing, since that would be silent as well', async () => {
      expect(await silenceTriggers(bulk.sql)).toEqual({ isSilent: false, faults: [] })
      await expect(insertOrphan()).rejects.toMatchObject({ code: '23503' })
    })
  })
})
