import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityPage } from '../../../src/features/activity/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'

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

describe('an item of GET /api/v1/activity', () => {
  it('carries any text unharmed, and at most 200 characters of it', async () => {
    const body = `"quoted" \\ back\u2028slash\n\t</script> ${'🍺'.repeat(300)}`
    const author = await insertUser(app.sql, { username: 'O\'Neil "the \\ hop" 🍻\u0007' })
    await insertPost(app.sql, { author_id: author.id, title: 'A "title" {}', body })
    const { items } = await page({ kind: 'post' })
    expect(items[0]).toMatchObject({
      actor: { id: author.id, username: author.username },
      post: { title: 'A "title" {}' },
      excerpt: [...body].slice(0, 200).join(''),
    })
  })

  it('carries 300 characters of a title, its own or that of its post, and no more', async () => {
    const post = await insertPost(app.sql, { title: '🍺'.repeat(100_000) })
    await insertComment(app.sql, { post_id: post.id })
    const { items } = await page({ kind: 'post,comment' })
    const title = '🍺'.repeat(300)
    expect(items).toMatchObject([{ post: { title } }, { post: { title } }])
  })

  it('stays without a name when its account, and without a title when its post is deleted', async () => {
    const user = await insertUser(app.sql)
    const post = await insertPost(app.sql, { author_id: user.id, title: 'Gone' })
    await insertComment(app.sql, { post_id: post.id, author_id: user.id, body: 'Still here' })
    await app.sql`update users set deleted_at = now()`
    await app.sql`update posts set deleted_at = now()`
    const { items, metadata } = await page({})
    expect(metadata.total).toBe(1)
    expect(items).toMatchObject([
      { kind: 'comment', actor: null, post: { id: post.id, title: null }, excerpt: 'Still here' },
    ])
  })

  it('of a sign-up or a session is its user', async () => {
    const user = await insertUser(app.sql, { created_at: '2020-01-01Z' })
    await insertSession(app.sql, { user_id: user.id, created_at: '2020-01-02Z' })
    const { items } = await page({ kind: 'post,comment,signup,session' })
    const actor = { id: user.id, username: user.username }
    expect(items).toMatchObject([
      { kind: 'session', actor, post: null, excerpt: null },
      { kind: 'signup', id: user.id, actor, post: null, excerpt: null },
    ])
  })
})
