import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ActivityPage } from '../../../src/features/activity/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { describeCommunity, loadCommunity } from '../../support/community.ts'

describeCommunity('GET /api/v1/activity over a real community', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
    await loadCommunity(app.sql)
    await app.sql`select rollup.fold()`
  })
  afterAll(() => app?.close())

  const page = async (query: Record<string, string | number>): Promise<ActivityPage> => {
    const params = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))
    const response = await app.request(`/api/v1/activity?${params}`)
    expect(response.status).toBe(200)
    return (await response.json()) as ActivityPage
  }
  const kind = 'post,comment'
  const keyOf = ({ kind, id }: ActivityPage['items'][number]) => `${kind} ${id}`

  it('begins with the newest comment, then the post it answers', async () => {
    const { items, metadata } = await page({ kind, pageSize: 2 })
    expect(items).toMatchObject([
      { kind: 'comment', id: 6467, createdAt: '2020-05-31T01:40:47.307000Z', post: { id: 8070 } },
      { kind: 'post', id: 8070, createdAt: '2020-05-31T01:34:58.497000Z', post: { id: 8070 } },
    ])
    expect(metadata).toMatchObject({ total: 6980, strategy: 'page', page: 1, totalPages: 3490 })
  })

  it('is the same sequence forward, backward and by numbered pages, each item once', async () => {
    const expected = (
      await app.sql<{ kind: string; id: string }[]>`
        select kind, id from (
          select 'post' as kind, 0 as rank, id, created_at from posts
          union all select 'comment', 1, id, created_at from comments
        ) as feed order by created_at desc, rank, id desc`
    ).map(({ kind, id }) => `${kind} ${id}`)
    expect(expected).toHaveLength(6980)

    const forward: string[] = []
    let next = await page({ kind, pageSize: 100 })
    forward.push(...next.items.map(keyOf))
    while (next.metadata.nextCursor) {
      next = await page({ kind, pageSize: 100, cursor: next.metadata.nextCursor })
      expect(next.metadata.hasPrev).toBe(true)
      forward.push(...next.items.map(keyOf))
    }
    expect(forward).toEqual(expected)

    const backward: string[] = next.items.map(keyOf)
    let prev = next
    while (prev.metadata.prevCursor) {
      prev = await page({ kind, pageSize: 100, cursor: prev.metadata.prevCursor })
      expect(prev.metadata.hasNext).toBe(true)
      backward.unshift(...prev.items.map(keyOf))
    }
    expect(backward).toEqual(expected)

    const byNumber: string[] = []
    for (let number = 1; number <= 70; number++) {
      const numbered = await page({ kind, pageSize: 100, page: number })
      expect(numbered.metadata.hasNext).toBe(number < 70)
      byNumber.push(...numbered.items.map(keyOf))
    }
    expect(byNumber).toEqual(expected)
  })

  it('jumps by number to the same pages of one author, and of a stretch of time', async () => {
    const filters = [
      { kind: 'post,comment,signup', authorId: 5064 },
      {
        kind: 'post,comment,signup',
        authorId: 5064,
        after: '2016-06-01',
        before: '2018-02-03T04:05:06Z',
      },
      { kind, after: '2015-03-01', before: '2016-02-03T04:05:06.789Z' },
      { kind: 'signup', before: '2014-06-01' },
    ]
    for (const filter of filters) {
      let walked = await page({ ...filter, pageSize: 20 })
      const { total, totalPages } = walked.metadata
      let count = 0
      for (let number = 1; ; number++) {
        const jumped = await page({ ...filter, pageSize: 20, page: number })
        expect(jumped.items).toEqual(walked.items)
        expect(jumped.metadata.total).toBe(total)
        count += walked.items.length
        if (!walked.metadata.nextCursor) {
          expect(number).toBe(totalPages)
          break
        }
        walked = await page({ ...filter, pageSize: 20, cursor: walked.metadata.nextCursor })
      }
      expect(count).toBe(total)
    }
  }, 60_000)
})
