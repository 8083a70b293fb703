import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostPage } from '../../../src/features/posts/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertPost } from '../../support/factories.ts'

const many = 10_500
const others = 6_000

/** The oldest posts have one tag, the newest another one that PostgreSQL has no statistics of. */
let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
  const { sql } = app
  const insert = (from: number, rows: number, tags: string[] | null) => sql`
    insert into posts (tags, created_at) select ${tags}, '2020-01-01Z'::timestamptz + i * interval '1 minute'
    from generate_series(${from}::int, ${from + rows - 1}::int) as i`
  await insert(1, many, ['old'])
  await insert(many + 1, others, null)
  await sql`vacuum analyze posts`
  await insert(many + others + 1, many, ['old', 'sudden'])
  await sql`select rollup.fold()`
})
afterAll(() => app?.close())

async function page(query: Record<string, string>): Promise<PostPage> {
  const response = await app.request(`/api/v1/posts?${new URLSearchParams(query)}`)
  expect(response.status).toBe(200)
  return (await response.json()) as PostPage
}

/** From the first on. */
async function pages(query: Record<string, string>): Promise<PostPage[]> {
  const found = [await page(query)]
  for (;;) {
    const cursor = found.at(-1)?.metadata.nextCursor
    if (!cursor) return found
    found.push(await page({ ...query, cursor }))
  }
}

describe('posts with a label', () => {
  it('are found each once where there are many, though pages may hold few, and nobody counts them', async () => {
    const found = await pages({
      tag: 'old',
      createdBefore: '2020-01-12T10:00:00Z',
      pageSize: '100',
    })
    expect(found[0]?.metadata).toMatchObject({ total: null, totalPages: null, hasNext: true })
    const ids = found.flatMap(({ items }) => items.map(({ id }) => id))
    expect(ids).toHaveLength(many)
    expect(new Set(ids).size).toBe(many)
  })

  it('are walked to where more come than were expected', async () => {
    const { items, metadata } = await page({ tag: 'sudden', pageSize: '100' })
    expect(items).toHaveLength(100)
    expect(metadata).toMatchObject({ total: null, hasNext: true })
    const refused = await app.request('/api/v1/posts?tag=sudden&page=100')
    expect(refused.status).toBe(400)
  })

  it('are counted where they are few, deleted ones not', async () => {
    const metadata = { 'a"b': { c: [1, 2] }, n: 1.5, no: null }
    const rows = [{}, { deleted_at: '2021-01-01' }, { tags: null }]
    for (const row of rows) await insertPost(app.sql, { tags: ['few', 'x y'], metadata, ...row })
    const totalOf = async (query: Record<string, string>) => (await page(query)).metadata.total
    expect(await totalOf({ tag: 'X Y ,few' })).toBe(1)
    expect(await totalOf({ tag: 'few,old' })).toBe(0)
    expect(await totalOf({ 'metadata[n]': '1.50' })).toBe(2)
    expect(await totalOf({ 'metadata[no]': 'null', tag: 'few' })).toBe(1)
    expect(await totalOf({ 'metadata[yes]': 'null' })).toBe(0)
    expect(await totalOf({ 'metadata[a"b][c]': '1' })).toBe(0)
  })

  it('show their labels: tags in lists, metadata by their id', async () => {
    const { id } = await insertPost(app.sql, { tags: ['b', '"{\\'], metadata: { é: ['\u2028'] } })
    const { items } = await page({ tag: '"{\\' })
    expect(items).toMatchObject([{ id, tags: ['b', '"{\\'], viewsCount: 0 }])
    expect(items[0]).not.toHaveProperty('metadata')
    await app.sql`insert into post_views values (${id}, 7)`
    const response = await app.request(`/api/v1/posts/${id}`)
    expect(await response.json()).toMatchObject({ viewsCount: 7, metadata: { é: ['\u2028'] } })
  })
})
