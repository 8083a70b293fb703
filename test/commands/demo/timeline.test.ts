import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantFunction, spanUntil } from '../../../src/commands/demo/timeline.ts'
import { useDatabase } from '../../support/database.ts'

describe('the timeline', () => {
  const database = useDatabase()

  it('bends the span of even days to the 1,000 days before the end', async () => {
    const sql = await database.sql.reserve()
    await sql.unsafe(instantFunction)
    const dates = fc.date({
      min: new Date('2000-01-01'),
      max: new Date('2100-01-01'),
      noInvalidDate: true,
    })
    await fc.assert(
      fc.asyncProperty(dates, async (until) => {
        const { from, to } = spanUntil(until)
        const [off] = await sql<{ first: number; last: number }[]>`
          select
            extract(epoch from pg_temp.instant(${from}::float8))::float8 * 1000 - ${+until - 86_400_000_000} as first,
            extract(epoch from pg_temp.instant(${to}::float8))::float8 * 1000 - ${+until - 1} as last`
        expect(Math.abs(off?.first ?? 9)).toBeLessThan(0.01)
        expect(Math.abs(off?.last ?? 9)).toBeLessThan(0.01)
      }),
    )
    sql.release()
  })

  it('never turns back', async () => {
    const sql = await database.sql.reserve()
    await sql.unsafe(`drop function if exists pg_temp.instant(float8); ${instantFunction}`)
    const backward = await sql`
      select from (
        select pg_temp.instant(day) - lag(pg_temp.instant(day)) over (order by day) as step
        from generate_series(20000::numeric, 20014, 0.001) as even (number),
          lateral (select number::float8 as day) as days
      ) as steps where step <= interval '0'`
    expect(backward).toHaveLength(0)
    sql.release()
  })
})
