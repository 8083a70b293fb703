import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { createClient } from '../src/client.ts'
import { createTestApp, type TestApp } from './support/app.ts'
import { insertPost, insertUser } from './support/factories.ts'

let app: TestApp
let client: ReturnType<typeof createClient>
beforeAll(async () => {
  app = await createTestApp()
  client = createClient('http://shopboard.test', {
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => app.app.request(input, init),
  })
})
afterAll(() => app.close())

describe('the client', () => {
  it('knows the feed by its type', async () => {
    const author = await insertUser(app.sql)
    const post = await insertPost(app.sql, { author_id: author.id, title: 'Typed' })
    const response = await client.api.v1.activity.$get({ query: { kind: 'post', pageSize: '50' } })
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const { items, metadata } = await response.json()
    const [item] = items
    expectTypeOf(item).exclude<undefined>().toEqualTypeOf<{
      kind: 'post' | 'comment' | 'signup' | 'session'
      id: number
      createdAt: string
      actor: { id: number; username: string } | null
      post: { id: number; title: string | null } | null
      excerpt: string | null
    }>()
    expectTypeOf(metadata.nextCursor).toEqualTypeOf<string | null>()
    expect(item).toMatchObject({
      kind: 'post',
      actor: { id: author.id, username: author.username },
      post: { id: post.id, title: 'Typed' },
    })
  })

  it('knows the dashboard by its type', async () => {
    const response = await client.api.v1.dashboard.stats.$get({ query: { window: '7d' } })
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const { totals, active } = await response.json()
    expectTypeOf(totals.posts).toEqualTypeOf<number>()
    expectTypeOf(active.week).toEqualTypeOf<number>()
    expect(totals).toEqual({ users: 1, posts: 1, comments: 0, sessions: 0 })
  })

  it('refuses what no route takes, before it is sent', () => {
    // @ts-expect-error there is no such route
    void client.api.v1.nothing
    type Query = Parameters<typeof client.api.v1.activity.$get>[0]['query']
    expectTypeOf<{ colour: string }>().not.toMatchTypeOf<Query>()
  })

  it('knows a failure by its type', async () => {
    const response = await client.api.v1.activity.$get({ query: { pageSize: '0' } })
    if (response.status !== 400) throw new Error(`answered ${response.status}`)
    const problem = await response.json()
    expectTypeOf(problem.errors).toEqualTypeOf<{ path: string; message: string }[] | undefined>()
    expect(problem.code).toBe('validation_failed')
  })

  it('knows the lists and their rows by their types', async () => {
    const { id, username } = await insertUser(app.sql)
    const list = await client.api.v1.users.$get({ query: { sort: 'lastSeenAt', pageSize: '50' } })
    if (!list.ok) throw new Error(`answered ${list.status}`)
    const { items, metadata } = await list.json()
    expectTypeOf(metadata.total).toEqualTypeOf<number | null>()
    expectTypeOf(items).items.toHaveProperty('lastSeenAt').toEqualTypeOf<string | null>()
    expect(items).toContainEqual(expect.objectContaining({ id, username, lastSeenAt: null }))
    const post = await insertPost(app.sql, { author_id: id, title: 'By id' })
    const row = await client.api.v1.posts[':id'].$get({ param: { id: String(post.id) } })
    if (row.status !== 200) throw new Error(`answered ${row.status}`)
    const found = await row.json()
    expectTypeOf(found.author).toEqualTypeOf<{ id: number; username: string } | null>()
    expect(found).toMatchObject({ title: 'By id', commentsCount: 0, author: { id, username } })
    // @ts-expect-error there is no such sort
    void client.api.v1.posts.$get({ query: { sort: 'title' } }).catch(() => {})
  })
})
