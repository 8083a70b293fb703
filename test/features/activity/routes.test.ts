import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityPage } from '../../../src/features/activity/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertPost } from '../../support/factories.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())
beforeEach(() => app.sql`truncate users, posts, comments, sessions restart identity cascade`)

type Query = Record<string, string | number>
const get = (query: Query) =>
  app.request(
    `/api/v1/activity?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}`,
  )
async function page(query: Query): Promise<ActivityPage> {
  const response = await get(query)
  expect(response.status).toBe(200)
  return (await response.json()) as ActivityPage
}

describe('the pages of GET /api/v1/activity', () => {
  it('are linked to each other', async () => {
    for (const day of [1, 2, 3]) await insertPost(app.sql, { created_at: `2020-01-0${day}Z` })
    const byCursor = await get({ kind: 'post', pageSize: 2 })
    const { metadata } = (await byCursor.clone().json()) as ActivityPage
    expect(byCursor.headers.get('link')).toBe(
      `</api/v1/activity?kind=post&pageSize=2&page=1>; rel="first", </api/v1/activity?kind=post&pageSize=2&cursor=${metadata.nextCursor}>; rel="next"`,
    )
    const byNumber = await get({ kind: 'post', pageSize: 1, page: 2 })
    expect(byNumber.headers.get('link')).toBe(
      '</api/v1/activity?kind=post&pageSize=1&page=1>; rel="first", </api/v1/activity?kind=post&pageSize=1&page=3>; rel="next", </api/v1/activity?kind=post&pageSize=1&page=1>; rel="prev"',
    )
  })
})

describe('a bad query of GET /api/v1/activity', () => {
  const faults = async (query: string) => {
    const acquired = app.pool.stats().acquired
    const response = await app.request(`/api/v1/activity?${query}`)
    const problem = (await response.json()) as { code: string; errors?: { path: string }[] }
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toMatch('application/problem+json')
    expect(app.pool.stats().acquired).toBe(acquired)
    return [problem.code, ...(problem.errors ?? []).map(({ path }) => path)]
  }

  it.each([
    ['kind=likes', ['validation_failed', 'kind']],
    ['kind=', ['validation_failed', 'kind']],
    ['authorId=abc&pageSize=0&page=-1', ['validation_failed', 'authorId', 'page', 'pageSize']],
    [`authorId=${'9'.repeat(300)}`, ['validation_failed', 'authorId']],
    ['pageSize=101', ['validation_failed', 'pageSize']],
    ['pageSize=1.5', ['validation_failed', 'pageSize']],
    ['before=yesterday&after=2020-02-30', ['validation_failed', 'before', 'after']],
    ['before=2020-01-01&after=2020-01-02', ['validation_failed', 'after']],
    ['page=1&cursor=abc', ['validation_failed', 'page']],
    ['authorID=1', ['validation_failed', 'authorID']],
    ['pageSize=1&pageSize=2', ['validation_failed', 'pageSize']],
    ['kind=po%00st', ['validation_failed', 'kind']],
    ['cursor=abc', ['invalid_cursor']],
    ['cursor=%00', ['validation_failed', 'cursor']],
    [
      'page=2&cursor=abc&kind=x&after=2021-01-01&before=2020-01-01',
      ['validation_failed', 'kind', 'page', 'after'],
    ],
    ['cursor=', ['invalid_cursor']],
    [`cursor=${'A'.repeat(5000)}`, ['invalid_cursor']],
  ])('%s is named, and takes no connection', async (query, expected) => {
    expect((await faults(query)).sort()).toEqual([...expected].sort())
  })

  it('refuses a cursor that was altered, or of other filters', async () => {
    for (const day of [1, 2, 3]) await insertPost(app.sql, { created_at: `2020-01-0${day}Z` })
    const cursor = (await page({ kind: 'post', pageSize: 1 })).metadata.nextCursor ?? ''
    expect(await faults(`kind=comment&cursor=${cursor}`)).toEqual(['invalid_cursor'])
    expect(await faults(`kind=post&authorId=1&cursor=${cursor}`)).toEqual(['invalid_cursor'])
    for (let at = 0; at < cursor.length; at++) {
      const altered = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1)
      if (altered !== cursor) await faults(`kind=post&cursor=${altered}`)
    }
    expect((await page({ kind: 'post', pageSize: 3, cursor })).items).toHaveLength(2)
  })
})
