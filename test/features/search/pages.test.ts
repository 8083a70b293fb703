import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SearchPage } from '../../../src/features/search/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())
beforeEach(() => app.sql`truncate users, posts restart identity cascade`)

type Query = Record<string, string | number>
async function page(query: Query): Promise<SearchPage> {
  const params = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))
  const response = await app.request(`/api/v1/search?${params}`)
  expect(response.status).toBe(200)
  return (await response.json()) as SearchPage
}
const idsOf = ({ items }: SearchPage) => items.map(({ id }) => id)

/** Every page from the first on, and back again from the last. */
async function bothWays(query: Query, meanwhile: () => Promise<unknown> = async () => {}) {
  let current = await page(query)
  const forward = [idsOf(current)]
  while (current.metadata.nextCursor) {
    await meanwhile()
    current = await page({ ...query, cursor: current.metadata.nextCursor })
    forward.push(idsOf(current))
  }
  const backward = [idsOf(current)]
  while (current.metadata.prevCursor) {
    current = await page({ ...query, cursor: current.metadata.prevCursor })
    backward.unshift(idsOf(current))
  }
  return { forward, backward }
}

const words = ['apple', 'pear', 'plum', 'the']
const text = fc.array(fc.constantFrom(...words), { maxLength: 5 }).map((some) => some.join(' '))
const post = fc.record({
  title: fc.option(text),
  body: text,
  created_at: fc.constantFrom('2020-01-01Z', '2020-01-02Z', '2021-06-01Z', '2026-01-01Z'),
  deleted_at: fc.option(fc.constant('2026-02-01Z'), { freq: 5 }),
})
const asked = fc.record({
  q: fc.constantFrom(
    'apple',
    'apple pear',
    '"apple pear"',
    'apple or plum',
    '-apple',
    'plum -pear',
    'the',
  ),
  sort: fc.constantFrom('relevance', 'recent'),
  pageSize: fc.integer({ min: 1, max: 7 }),
})

describe('the pages of GET /api/v1/search', () => {
  it('are the same forward, backward and by number, every match once, ties of rank included', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(post, { minLength: 1, maxLength: 40 }),
        asked,
        async (rows, query) => {
          await app.sql`truncate posts restart identity cascade`
          await app.sql`insert into posts ${app.sql(rows)}`
          const expected = await app.sql<{ id: number }[]>`
          select id::int from posts where deleted_at is null
            and to_tsvector('english', coalesce(title, '')) || to_tsvector('english', body) @@ websearch_to_tsquery('english', ${query.q})`
          const { forward, backward } = await bothWays(query)
          expect(backward).toEqual(forward)
          expect(forward.flat().toSorted()).toEqual(expected.map(({ id }) => id).toSorted())
          for (const [at, ids] of forward.entries()) {
            const numbered = await page({ ...query, page: at + 1 })
            expect(idsOf(numbered)).toEqual(ids)
            expect(numbered.metadata).toMatchObject({
              total: expected.length,
              matches: expected.length,
              isExact: true,
              since: null,
            })
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('neither repeat nor skip a post that was there while others come and go', async () => {
    await app.sql`
      insert into posts (title, created_at) select 'apple ' || repeat('pear ', i % 3), '2024-01-01Z'::timestamptz + i % 50 * interval '1 hour'
      from generate_series(1, 1200) as i`
    const there = new Set(idsOf(await page({ q: 'apple', pageSize: 100 })))
    for (let number = 2; number <= 10; number++)
      for (const id of idsOf(await page({ q: 'apple', pageSize: 100, page: number }))) there.add(id)
    expect(there.size).toBe(1000)
    const gone = [...there].slice(500, 520)
    let turn = 0
    const { forward } = await bothWays({ q: 'apple', pageSize: 100 }, async () => {
      turn++
      await app.sql`insert into posts (title, created_at) values ('apple', now()), ('apple pear', '2024-01-02T12:30:00Z')`
      if (turn === 1)
        await app.sql`update posts set deleted_at = now() where id in ${app.sql(gone)}`
    })
    const seen = forward.flat()
    expect(new Set(seen).size).toBe(seen.length)
    for (const id of there) if (!gone.includes(id)) expect(seen).toContain(id)
  })

  it('say how many match, and since when they are ranked', async () => {
    await app.sql`insert into posts (title, created_at) select 'apple', '2024-01-01Z'::timestamptz + i * interval '1 hour' from generate_series(1, 1500) as i`
    const { metadata, counts } = await page({ q: 'apple' })
    expect(metadata).toMatchObject({
      total: 1000,
      ranked: 1000,
      matches: 1500,
      isExact: true,
      since: '2024-01-21T21:00:00.000000Z',
      totalPages: 50,
    })
    expect(counts).toEqual({ posts: 1500, users: 0 })
    const beyond = await page({ q: 'apple', page: 51 })
    expect(beyond).toMatchObject({ items: [], metadata: { hasNext: false, hasPrev: true } })
    const back = await page({ q: 'apple', cursor: beyond.metadata.prevCursor ?? '' })
    expect(idsOf(back)).toEqual(idsOf(await page({ q: 'apple', page: 50 })))
  })

  it('lead through the newest rows alone where most rows match, or no index can tell', async () => {
    await app.sql`
      insert into posts (title, created_at)
      select 'apple' || case when i % 1000 = 0 then ' pear' else '' end, '2024-01-01Z'::timestamptz + i * interval '1 hour'
      from generate_series(1, 12000) as i`
    await app.sql`analyze posts`
    const { forward, backward } = await bothWays({ q: 'apple', pageSize: 100 })
    expect(backward).toEqual(forward)
    const newest = Array.from({ length: 1000 }, (_, i) => 11_001 + i)
    expect(forward.flat().toSorted((one, other) => one - other)).toEqual(newest)
    const { metadata } = await page({ q: 'apple' })
    expect(metadata).toMatchObject({ ranked: 1000, matches: 12_000, isExact: false })
    expect(metadata.since).toBe('2025-04-03T09:00:00.000000Z')

    const without = await page({ q: 'pear or -apple' })
    expect(without.metadata.total).toBeGreaterThanOrEqual(9)
    expect(without.metadata).toMatchObject({ isExact: false })
    expect(without.metadata.since).not.toBeNull()
    expect((await page({ q: 'pear' })).metadata).toMatchObject({ matches: 12, isExact: true })
  })
})
