import { beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { useRole } from '../support/role.ts'

describe('the rows that PostgreSQL expects of a search', () => {
  const database = useDatabase()
  const reader = useRole(
    database,
    'grant usage on schema rollup to ROLE; grant select on public.users, public.posts to ROLE',
  )
  beforeAll(async () => {
    await database.sql`insert into users (username) select case when i % 10 = 0 then 'tenth ' else 'other ' end || i from generate_series(1, 3000) as i`
    await database.sql`insert into posts (title) select case when i % 10 = 0 then 'tenth' else 'apple' end from generate_series(1, 3000) as i`
    await database.sql`analyze users, posts`
  })

  const usersLike = async (pattern: string) => {
    const [row] = await reader.sql.begin(
      'isolation level serializable read only',
      (sql) => sql<{ n: number }[]>`select rollup.expected_users(${pattern})::int as n`,
    )
    return row?.n ?? Number.NaN
  }
  const postsMatching = async (query: string) => {
    const [row] = await reader.sql.begin(
      'isolation level serializable read only',
      (sql) => sql<{ n: number }[]>`select rollup.expected_posts(${query}::tsquery)::int as n`,
    )
    return row?.n ?? Number.NaN
  }

  it('follows from the statistics of the value, for a role that may read and in a read only transaction', async () => {
    expect(await usersLike('%tenth%')).toBeGreaterThan(200)
    expect(await usersLike('%tenth%')).toBeLessThan(400)
    expect(await usersLike('%other%')).toBeGreaterThan(2400)
    expect(await postsMatching('tenth')).toBe(300)
    expect(await postsMatching('tenth | appl')).toBeGreaterThan(2500)
    expect(await postsMatching('never')).toBeLessThan(100)
  })

  it('takes any value for what it is', async () => {
    const values = [`'`, `\\`, `'; drop table posts; --`, `$$`, '%', '_', '🦊', `E'\\'`]
    for (const value of values) {
      expect(await usersLike(value)).toBeGreaterThan(0)
      expect(await postsMatching(`'${value.replaceAll(/['\\]/g, '$&$&')}'`)).toBeGreaterThan(0)
    }
  })

  it('says how much of the index of words a search goes through', async () => {
    const workOf = async (query: string) => {
      const [row] = await reader.sql<{ n: number }[]>`
        select rollup.expected_work(${query}::tsquery)::int as n`
      return row?.n
    }
    expect(await workOf('tenth & appl')).toBe(300)
    expect(await workOf('appl <-> tenth')).toBe(300)
    expect(await workOf('tenth | appl')).toBe(3000)
    expect(await workOf('appl & !appl')).toBe(2700)
    expect(await workOf(Array(20).fill('tenth').join(' & '))).toBeLessThan(3001)
    expect(await workOf(`'a''b & | c\\d' & tenth`)).toBeLessThan(300)
  })
})
