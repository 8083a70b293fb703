import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import { enqueueJob, newJob } from '../../src/jobs/job.ts'
import { runDueJobs } from '../../src/jobs/working.ts'
import { useDatabase } from '../support/database.ts'
import { enqueue, jobIn, kindOf, runsOf, settings, work } from '../support/jobs.ts'
import { openTestPool } from '../support/pool.ts'
import { useRole } from '../support/role.ts'

const database = useDatabase()
let pool: Pool

beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())
beforeEach(async () => {
  await database.sql`delete from shopboard.jobs`
})

const until = (id: number | undefined, state: string) =>
  expect.poll(async () => (await jobIn(database.sql, id)).state).toBe(state)

const started: typeof work = (...args) => {
  const working = work(...args)
  onTestFinished(working.stop)
  return working
}

/** Work that goes on until its signal aborts. */
const endless = kindOf(
  'endless',
  ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
)

describe('a job', () => {
  it('is run, and its run and result are kept', async () => {
    const kind = kindOf('counts', async ({ params, progress }) => {
      progress(2, 3)
      return { rows: 3, params }
    })
    const id = await enqueue(pool, kind, { of: 'a test' })
    started(pool, [kind])
    await until(id, 'done')
    expect(await jobIn(database.sql, id)).toMatchObject({
      attempts: 1,
      error: null,
      result: { rows: 3, params: { of: 'a test' } },
      progress_done: '2',
      progress_total: '3',
    })
    expect(await runsOf(database.sql, id)).toEqual([{ outcome: 'done', rows: 3, error: null }])
  })

  it('is run once, however many servers look for it at once', async () => {
    let runs = 0
    const kind = kindOf('counted', async () => ({ rows: ++runs }))
    const pools = Array.from({ length: 8 }, () => openTestPool(database.url))
    const ids = await Promise.all(Array.from({ length: 20 }, () => enqueue(pool, kind)))
    const servers = pools.map((each) => started(each, [kind]))
    await expect
      .poll(() => database.sql`select from shopboard.jobs where state <> 'done'`)
      .toEqual([])
    for (const { stop } of servers) await stop()
    for (const each of pools) await each.close()
    expect(runs).toBe(ids.length)
    expect(servers.flatMap(({ failures }) => failures)).toEqual([])
  })

  it('that is short waits for none that are long, which run one less than all', async () => {
    const long = kindOf('long', endless.work, { isLong: true })
    const short = kindOf('short')
    const longs = [await enqueue(pool, long), await enqueue(pool, long)]
    const id = await enqueue(pool, short)
    started(pool, [long, short], { most: 2 })
    await until(id, 'done')
    expect(
      await Promise.all(longs.map(async (each) => (await jobIn(database.sql, each)).state)),
    ).toEqual(['running', 'waiting'])
  })

  it('is not there before the transaction that starts it commits, and never after a rollback', async () => {
    const kind = kindOf('rolled_back')
    const failing = pool.transaction({ access: 'read write' }, async (db) => {
      await db.run(enqueueJob, newJob(kind, {}, 'a test'))
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect(await database.sql`select from shopboard.jobs`).toEqual([])
  })

  it('of a single kind waits or runs once, though 8 connections start it at once', async () => {
    const kind = kindOf('single', undefined, { isSingle: true })
    const pools = Array.from({ length: 8 }, () => openTestPool(database.url))
    const ids = await Promise.all(pools.map((each) => enqueue(each, kind)))
    for (const each of pools) await each.close()
    expect(ids.filter((id) => id !== undefined)).toHaveLength(1)
    started(pool, [kind])
    await until(
      ids.find((id) => id !== undefined),
      'done',
    )
    expect(await enqueue(pool, kind)).toBeDefined()
  })

  it('of a kind this program does not know is left to others', async () => {
    const id = await enqueue(pool, kindOf('unknown'))
    const other = await enqueue(pool, kindOf('known'))
    started(pool, [kindOf('known')])
    await until(other, 'done')
    expect(await jobIn(database.sql, id)).toMatchObject({ state: 'waiting', attempts: 0 })
  })

  it('that fails is tried again later, and is dead after five tries', async () => {
    const kind = kindOf('failing', async () => {
      throw new Error('a secret of the inside')
    })
    const id = await enqueue(pool, kind)
    const { events } = started(pool, [kind])
    for (const [at, minutes] of [1, 4, 16, 64].entries()) {
      await expect.poll(() => runsOf(database.sql, id)).toHaveLength(at + 1)
      await until(id, 'waiting')
      const [wait] = await database.sql`
        select extract(epoch from run_at - clock_timestamp())::float8 / 60 as minutes from shopboard.jobs`
      expect(Math.abs(wait?.minutes - minutes)).toBeLessThan(0.26 * minutes)
      await database.sql`update shopboard.jobs set run_at = now()`
    }
    await until(id, 'dead')
    expect(events.map(({ outcome }) => outcome)).toEqual([...Array(4).fill('failed'), 'dead'])
    expect(
      JSON.stringify([await jobIn(database.sql, id), await runsOf(database.sql, id)]),
    ).not.toContain('secret')
  })

  it('that is cancelled while it runs is told so, and ends cancelled', async () => {
    const id = await enqueue(pool, endless)
    started(pool, [endless])
    await until(id, 'running')
    await database.sql`update shopboard.jobs set is_cancelling = true`
    await until(id, 'cancelled')
    expect(await runsOf(database.sql, id)).toMatchObject([{ outcome: 'cancelled', error: null }])
  })

  it('that finishes in spite of being cancelled is done', async () => {
    const finish = Promise.withResolvers<void>()
    const kind = kindOf('finishing', async () => {
      await finish.promise
      return { rows: 1 }
    })
    const id = await enqueue(pool, kind)
    started(pool, [kind])
    await until(id, 'running')
    await database.sql`update shopboard.jobs set is_cancelling = true`
    finish.resolve()
    await until(id, 'done')
  })

  it('whose run fell silent is taken over, and its first run changes nothing any more', async () => {
    const finish = Promise.withResolvers<void>()
    let runs = 0
    const kind = kindOf('taken_over', async () => {
      const run = ++runs
      if (run === 1) await finish.promise
      return { rows: run }
    })
    const id = await enqueue(pool, kind)
    const first = started(pool, [kind], { heartbeatInterval: 3_600_000, most: 1 })
    await until(id, 'running')
    await database.sql`update shopboard.jobs set heartbeat_at = now() - interval '31 seconds'`
    const second = started(pool, [kind])
    await until(id, 'done')
    finish.resolve()
    await expect.poll(() => first.events).toHaveLength(1)
    expect([first.events[0]?.outcome, second.events[0]?.outcome]).toEqual(['lost', 'done'])
    expect(await jobIn(database.sql, id)).toMatchObject({ attempts: 2, result: { rows: 2 } })
    expect(await runsOf(database.sql, id)).toMatchObject([{ outcome: 'lost' }, { outcome: 'done' }])
  })

  it('that ends its server again and again is dead after five tries', async () => {
    const id = await enqueue(pool, endless)
    await database.sql`update shopboard.jobs
      set state = 'running', attempts = 5, heartbeat_at = now() - interval '31 seconds'`
    started(pool, [endless])
    await until(id, 'dead')
  })

  it('is put back at once when its server stops, which is no try', async () => {
    const id = await enqueue(pool, endless)
    const { stop, events } = started(pool, [endless])
    await until(id, 'running')
    await stop()
    expect(events).toMatchObject([{ outcome: 'stopped' }])
    expect(await jobIn(database.sql, id)).toMatchObject({ state: 'waiting', attempts: 0 })
    expect(await runsOf(database.sql, id)).toMatchObject([{ outcome: 'stopped' }])
  })
})

describe('runDueJobs', () => {
  const options = { workPool: undefined, settings, worker: 'a test', on: () => {} }

  it('runs what is due and returns', async () => {
    const kind = kindOf('due')
    const ids = [await enqueue(pool, kind), await enqueue(pool, kind)]
    const signal = new AbortController().signal
    await runDueJobs({ ...options, pool, workPool: pool, kinds: [kind], signal })
    for (const id of ids) expect(await jobIn(database.sql, id)).toMatchObject({ state: 'done' })
  })

  it('puts back what is not done in its time', async () => {
    const id = await enqueue(pool, endless)
    const ending = new AbortController()
    const running = runDueJobs({
      ...options,
      pool,
      workPool: pool,
      kinds: [endless],
      signal: ending.signal,
    })
    await until(id, 'running')
    ending.abort()
    await running
    expect(await jobIn(database.sql, id)).toMatchObject({ state: 'waiting', attempts: 0 })
  })
})

describe('a server without the right to run jobs', () => {
  const role = useRole(database, 'grant usage on schema public to ROLE')

  it('says so once, and runs them once it may', async () => {
    const kind = kindOf('barred')
    const id = await enqueue(pool, kind)
    const limited = openTestPool(role.url)
    const { barred, failures, stop } = started(limited, [kind])
    await expect
      .poll(() => barred)
      .toEqual([`it takes: grant usage on schema shopboard to ${role.name};`])
    await database.sql.unsafe(`grant usage on schema shopboard to ${role.name}`)
    await expect.poll(() => barred).toHaveLength(2)
    await database.sql.unsafe(
      `grant select, insert, update, delete on shopboard.jobs, shopboard.job_runs to ${role.name}`,
    )
    await until(id, 'done')
    expect([barred[2], failures]).toEqual([undefined, []])
    await stop()
    await limited.close()
  })
})
