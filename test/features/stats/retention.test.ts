import { beforeEach, describe, expect, it } from 'vitest'
import type { Retention } from '../../../src/features/stats/schemas/retention.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { useDashboard } from './app.ts'

describe('GET /api/v1/dashboard/retention', () => {
  const dashboard = useDashboard()
  beforeEach(() => dashboard.sql`truncate users, posts, comments, sessions cascade`)

  const ask = async (query: Record<string, string> = {}) =>
    (await dashboard.get<Retention>('retention', query)).items
  const ofJanuary = async (months = 3) => {
    const [item] = await ask({ from: '2020-01', to: '2020-01', months: String(months) })
    return item
  }
  /** The same before and after a fold. */
  const expectJanuary = async (size: number, active: readonly number[]) => {
    const expected = { cohort: '2020-01', size, active, complete: active.map(() => true) }
    expect(await ofJanuary(active.length)).toEqual(expected)
    await dashboard.sql`select rollup.fold()`
    expect(await ofJanuary(active.length)).toEqual(expected)
  }
  const signUp = (created_at = '2020-01-15T12:00:00Z') => insertUser(dashboard.sql, { created_at })

  it('counts the users of a cohort who posted, commented or had a session in each month', async () => {
    const { sql } = dashboard
    const [one, other] = [
      await signUp('2020-01-01T00:00:00Z'),
      await signUp('2020-01-31T23:59:59Z'),
    ]
    await signUp('2020-02-01T00:00:00Z')
    await insertPost(sql, { author_id: one.id, created_at: '2020-01-31T23:59:59.999999Z' })
    await insertComment(sql, { author_id: one.id, created_at: '2020-03-01T00:00:00Z' })
    await insertComment(sql, { author_id: one.id, created_at: '2020-03-02T00:00:00Z' })
    await insertSession(sql, { user_id: other.id, created_at: '2020-03-31T23:00:00Z' })
    await expectJanuary(2, [1, 0, 2, 0])
  })

  it('counts neither what was before the sign-up, nor what was only seen', async () => {
    const { sql } = dashboard
    const { id } = await signUp()
    await sql`update users set last_seen_at = '2020-02-02Z'`
    await insertPost(sql, { author_id: id, created_at: '2019-12-31T23:59:59Z' })
    await insertPost(sql, { author_id: id, created_at: '2020-01-01T00:00:00Z' })
    await expectJanuary(1, [1, 0])
  })

  it('follows a user who moves to another month, is deleted and comes back', async () => {
    const { sql } = dashboard
    const { id } = await signUp()
    await insertPost(sql, { author_id: id, created_at: '2020-01-20Z' })
    await insertPost(sql, { author_id: id, created_at: '2020-02-20Z' })
    await expectJanuary(1, [1, 1])
    await sql`update users set created_at = '2020-02-01Z'`
    await expectJanuary(0, [0, 0])
    await sql`update users set created_at = '2020-01-02Z', deleted_at = now()`
    await expectJanuary(0, [0, 0])
    await sql`update users set deleted_at = null`
    await sql`update posts set deleted_at = now() where created_at > '2020-02-01Z'`
    await expectJanuary(1, [1, 0])
    await sql`delete from users`
    await expectJanuary(0, [0, 0])
  })

  it('gives twelve cohorts where nothing is asked, and no number of months to come', async () => {
    const { id } = await insertUser(dashboard.sql)
    await insertSession(dashboard.sql, { user_id: id })
    await insertSession(dashboard.sql, { user_id: id, created_at: '2999-01-01Z' })
    const items = await ask()
    expect(items.map(({ active }) => active.length)).toEqual([
      12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
    ])
    expect(items.map(({ complete }) => complete.filter((is) => !is).length)).toEqual(
      Array(12).fill(1),
    )
    const thisMonth = new Date().toISOString().slice(0, 7)
    expect(items.at(-1)).toEqual({ cohort: thisMonth, size: 1, active: [1], complete: [false] })
  })

  it.each([
    [{ from: '2010-01', to: '2019-12', months: '120' }, 120],
    [{ to: '0001-03' }, 3],
    [{ to: '9999-12' }, 12],
  ])('answers %o with %i cohorts', async (query, cohorts) => {
    const items = await ask(query)
    expect(items).toHaveLength(cohorts)
    expect(items.at(-1)?.cohort).toBe(query.to)
  })

  it('is the same whatever the zone of the database', async () => {
    const { sql } = dashboard
    const { id } = await signUp('2020-01-31T23:30:00Z')
    await insertPost(sql, { author_id: id, created_at: '2020-01-31T23:40:00Z' })
    const folding = await sql.reserve()
    await folding`set timezone = 'Pacific/Kiritimati'`
    await folding`select rollup.fold()`
    await folding`reset timezone`
    folding.release()
    await expectJanuary(1, [1, 0])
  })
})
