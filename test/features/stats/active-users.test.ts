import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ActiveUsers } from '../../../src/features/stats/schemas/active-users.ts'
import { useDashboard } from './app.ts'

describe('GET /api/v1/dashboard/active-users', () => {
  const dashboard = useDashboard()
  const activeUsers = (query: Record<string, string>) =>
    dashboard.get<ActiveUsers>('active-users', query)

  const write = fc.record({
    table: fc.constantFrom('posts', 'comments', 'sessions'),
    user: fc.integer({ min: 1, max: 4 }),
    day: fc.integer({ min: 0, max: 80 }),
    after: fc.constantFrom('keep', 'keep', 'fold', 'delete', 'undelete', 'remove'),
  })

  it('agrees with a distinct count over the tables on every day, whatever was written and folded', async () => {
    const { sql } = dashboard
    await sql`insert into users (id, username) select id, 'user ' || id from generate_series(1, 4) as id`
    await sql`insert into posts (id, created_at) values (-1, '2000-01-01')`
    const property = fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 12 }),
      async (writes) => {
        for (const { table, user, day, after } of writes) {
          const values = {
            created_at: new Date(Date.UTC(2020, 0, 1 + day, 13)).toISOString(),
            ...(table === 'sessions' ? { user_id: user } : { author_id: user }),
            ...(table === 'comments' && { post_id: -1, body: '' }),
          }
          await sql`insert into ${sql(table)} ${sql(values)}`
          if (after === 'fold') await sql`select rollup.fold()`
          const one = sql`id = (select id from ${sql(table)} where id > 0 order by random() limit 1)`
          if (after === 'delete')
            await sql`update ${sql(table)} set deleted_at = now() where ${one}`
          if (after === 'undelete')
            await sql`update ${sql(table)} set deleted_at = null where ${one}`
          if (after === 'remove') await sql`delete from ${sql(table)} where ${one}`
        }

        const { items } = await activeUsers({ from: '2019-12-25', to: '2020-05-01' })

        expect(items).toEqual(await recounted('2019-12-25', '2020-05-01'))
        for (const { day, week, month } of items) {
          expect(day).toBeLessThanOrEqual(week)
          expect(week).toBeLessThanOrEqual(month)
        }
      },
    )
    await fc.assert(property, { numRuns: 25 })
  })

  const recounted = (from: string, to: string) => dashboard.sql`
    with active as (
      select author_id as id, (created_at at time zone 'UTC')::date as day from posts where deleted_at is null
      union select author_id, (created_at at time zone 'UTC')::date from comments where deleted_at is null
      union select user_id, (created_at at time zone 'UTC')::date from sessions where deleted_at is null
    )
    select date::date::text,
      count(distinct id) filter (where day = date)::int as day,
      count(distinct id) filter (where day > date - interval '7 days')::int as week,
      count(distinct id)::int as month
    from generate_series(${from}::date, ${to}::date, interval '1 day') as date
    left join active on day > date - interval '30 days' and day <= date
    group by date order by date`

  it('answers today, a date, or both ends of a range and all days between', async () => {
    const [today] = await dashboard.sql<{ date: string }[]>`
      select (now() at time zone 'UTC')::date::text as date`
    const dates = async (query: Record<string, string>) =>
      (await activeUsers(query)).items.map(({ date }) => date)

    expect(await dates({})).toEqual([today?.date])
    expect(await dates({ date: '2024-02-29' })).toEqual(['2024-02-29'])
    expect(await dates({ date: '9999-12-31' })).toEqual(['9999-12-31'])
    expect(await dates({ from: '2024-02-28', to: '2024-03-01' })).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ])
    expect(await dates({ from: '2024-01-01', to: '2024-12-31' })).toHaveLength(366)
    expect(await dates({ to: '2024-01-30' })).toHaveLength(30)
    expect((await dates({ from: today?.date ?? '' })).at(-1)).toBe(today?.date)
  })

  it.each([
    ['date=2023-02-30', 'date'],
    ['date=2023-2-3', 'date'],
    ['date=0000-01-01', 'date'],
    ['date=2023-02-01T00:00:00Z', 'date'],
    ['date=2023-02-01&date=2023-02-02', 'date'],
    ['date=2023-02-01%00', 'date'],
    ['date=2023-02-01&from=2023-02-01', 'date'],
    ['from=2024-01-02&to=2024-01-01', 'to'],
    ['from=2023-01-01&to=2024-01-02', 'to'],
    ['from=9999-01-01', 'to'],
    ['since=2024-01-01', 'since'],
  ])('refuses %s', async (query, path) => {
    expect(await dashboard.faults(`active-users?${query}`)).toMatchObject([{ path }])
  })

  it('names all faults at once', async () => {
    const faults = await dashboard.faults('active-users?date=2023-02-30&from=x&to=2020-01-01')
    expect(faults.map(({ path }) => path).sort()).toEqual(['date', 'date', 'from'])
  })
})
