import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserPage } from '../../../src/features/users/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

const guests = 14_000
const members = 26_000

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
  await app.sql`
    insert into users (username, created_at, is_admin)
    select case when i <= ${guests} then 'guest ' || i when i % 1000 = 0 then 'Sömeone 50%\\ ' || i else 'member ' || i end,
      '2020-01-01Z'::timestamptz + i * interval '1 minute', i % 5000 = 0
    from generate_series(1, ${guests + members}::int) as i`
  await app.sql`insert into users (id, username, created_at) values (-7, 'Жанна', '2020-01-02')`
  await app.sql`select rollup.fold()`
  await app.sql`vacuum analyze users`
})
afterAll(() => app?.close())

async function page(query: Record<string, string>): Promise<UserPage> {
  const response = await app.request(`/api/v1/users?${new URLSearchParams(query)}`)
  expect(response.status).toBe(200)
  return (await response.json()) as UserPage
}

/** From the first on. */
async function pages(query: Record<string, string>): Promise<UserPage[]> {
  const found = [await page(query)]
  for (;;) {
    const cursor = found.at(-1)?.metadata.nextCursor
    if (!cursor) return found
    found.push(await page({ ...query, cursor }))
  }
}

describe('a search of users', () => {
  it('takes every character for itself, in any case, and counts what it finds', async () => {
    const { items, metadata } = await page({ search: 'SÖMEONE 50%\\', pageSize: '100' })
    expect(items).toHaveLength(26)
    expect(metadata).toMatchObject({ total: 26, totalPages: 1, hasNext: false })
    expect((await page({ search: 'ömeone_50' })).metadata.total).toBe(0)
    expect((await page({ search: 'sömeone', isAdmin: 'true' })).metadata.total).toBe(6)
    const later = await page({ search: 'sömeone', createdAfter: '2020-01-20', sort: 'createdAt' })
    expect(later.metadata.total).toBe(13)
  })

  it('finds many without counting them, each once, though pages may hold few', async () => {
    const query = { search: 'member', sort: 'username', pageSize: '100' }
    const found = await pages(query)
    expect(found[0]?.items).toEqual([])
    expect(found[0]?.metadata).toMatchObject({ total: null, totalPages: null, hasNext: true })
    const ids = found.flatMap(({ items }) => items.map(({ id }) => id))
    expect(ids).toHaveLength(members - 26)
    expect(new Set(ids).size).toBe(ids.length)
    expect(found.filter(({ items }) => items.length === 0).length).toBeLessThan(8)
  })

  it('finds names in any script, whether the database knows its letters or not', async () => {
    const found = await pages({ search: 'жАННА', sort: 'createdAt' })
    expect(found.flatMap(({ items }) => items.map(({ id }) => id))).toEqual([-7])
    expect(found.length).toBeLessThan(11)
  })

  it('goes back the way it came', async () => {
    const query = { search: 'member', sort: 'username', order: 'desc', pageSize: '100' }
    const [first, second] = [await page(query), await page({ ...query, page: '2' })]
    const next = await page({ ...query, cursor: first.metadata.nextCursor ?? '' })
    expect(next.items).toEqual(second.items)
    const back = await page({ ...query, cursor: next.metadata.prevCursor ?? '' })
    expect(back.items).toEqual(first.items)
  })

  it('says where a numbered page of many lies too far in', async () => {
    const query = { search: 'member', sort: 'username', order: 'desc', pageSize: '100' }
    expect((await page({ ...query, page: '11' })).items).toHaveLength(100)
    for (const asked of [
      { ...query, page: '12' },
      { ...query, page: '2', order: 'asc' },
    ]) {
      const response = await app.request(`/api/v1/users?${new URLSearchParams(asked)}`)
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ errors: [{ path: 'page' }] })
    }
  })
})
