import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commentChanges } from '../../../src/features/comments/changes.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { askOf } from '../../support/ask.ts'
import { insertComment, insertPost, insertUser } from '../../support/factories.ts'

let test: TestApp
let ask: ReturnType<typeof askOf>
beforeAll(async () => {
  test = await createTestApp({ pool: { size: 8 } })
  ask = askOf(test)
})
afterAll(() => test.close())

const commentsOf = (id: number) =>
  test.sql`select id, body, created_at, updated_at, deleted_at, deleted_with_post from comments where post_id = ${id} order by id`

describe('a post', () => {
  it('hides its comments from lists, feed and counts while it is deleted', async () => {
    const { id } = await insertPost(test.sql)
    const comment = await insertComment(test.sql, { post_id: id })
    await ask('delete', '/posts/{id}', { id })
    expect((await ask('get', '/comments/{id}', { id: comment.id })).status).toBe(404)
    const list = await ask('get', `/comments?postId=${id}`)
    expect(list.answer).toMatchObject({ items: [], metadata: { total: 0 } })
    const feed = await ask('get', '/activity?kind=comment')
    expect(feed.answer.items).toEqual([])
    expect((await ask('post', '/posts/{id}/restore', { id })).answer.commentsCount).toBe(1)
    expect((await ask('get', `/comments?postId=${id}`)).answer.metadata.total).toBe(1)
  })

  it('comes back with exactly the comments that its deletion hid, as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), fc.nat(), async (dead, n) => {
        const { id } = await insertPost(test.sql)
        for (const isDead of dead) {
          const comment = await insertComment(test.sql, { post_id: id })
          if (isDead) await ask('delete', '/comments/{id}', { id: comment.id })
        }
        const before = await commentsOf(id)
        await ask('delete', '/posts/{id}', { id })
        const hidden = await commentsOf(id)
        expect(hidden.filter(({ deleted_at }) => deleted_at === null)).toEqual([])
        const any = hidden[n % (hidden.length + 1)]
        if (any) {
          const { status, answer } = await ask('post', '/comments/{id}/restore', { id: any.id })
          expect([status, answer.code]).toEqual([409, 'conflict'])
          expect((await ask('delete', '/comments/{id}', { id: any.id })).status).toBe(404)
        }
        await ask('post', '/posts/{id}/restore', { id })
        expect(await commentsOf(id)).toEqual(before)
      }),
      { numRuns: 25 },
    )
  })

  it('takes with it every comment that comes while it goes', async () => {
    const { id } = await insertPost(test.sql)
    const asked = await Promise.all([
      ...Array.from({ length: 6 }, (_, at) =>
        ask('post', '/comments', { body: { postId: id, body: `c${at}` } }),
      ),
      ask('delete', '/posts/{id}', { id }),
      ask('post', '/comments', { body: { postId: id, body: 'last' } }),
    ])
    expect(asked.filter(({ status }) => ![201, 204, 422].includes(status))).toEqual([])
    const created = asked.filter(({ status }) => status === 201).length
    const comments = await commentsOf(id)
    expect(comments).toHaveLength(created)
    expect(comments.filter(({ deleted_with_post }) => !deleted_with_post)).toEqual([])
    await ask('post', '/posts/{id}/restore', { id })
    expect(
      await test.sql`select from comments where post_id = ${id} and deleted_at is null`,
    ).toHaveLength(created)
  })

  it('is deleted before a comment that came after, while one before is not yet committed', async () => {
    const { id } = await insertPost(test.sql)
    const committing = Promise.withResolvers<void>()
    const made = Promise.withResolvers<void>()
    const origin = { actor: 'test', requestId: null, address: null }
    const before = test.pool.transaction({ access: 'read write' }, async (db) => {
      const row = JSON.stringify({ postId: id, body: 'before' })
      await db.run(commentChanges.create, { ...origin, row })
      made.resolve()
      await committing.promise
    })
    const waiting = () =>
      test.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await made.promise
    const deleted = ask('delete', '/posts/{id}', { id })
    await expect.poll(waiting).toHaveLength(1)
    const after = ask('post', '/comments', { body: { postId: id, body: 'after' } })
    await expect.poll(waiting).toHaveLength(2)
    committing.resolve()
    await before
    expect([(await deleted).status, (await after).status]).toEqual([204, 422])
    expect(await commentsOf(id)).toMatchObject([{ body: 'before', deleted_with_post: true }])
  })

  it('says in the audit log how many comments went and came with it', async () => {
    const { id } = await insertPost(test.sql)
    for (let i = 0; i < 3; i += 1) await insertComment(test.sql, { post_id: id })
    await ask('delete', '/posts/{id}', { id })
    await ask('post', '/posts/{id}/restore', { id })
    const rows =
      await test.sql`select action, new from shopboard.audit_log where table_name = 'posts' and row_id = ${id} order by id`
    expect(rows).toMatchObject([
      { action: 'delete', new: { comments: 3 } },
      { action: 'restore', new: { comments: 3, deletedAt: null } },
    ])
  })

  it('is left with its comments where If-Match names another version', async () => {
    const { id } = await insertPost(test.sql)
    await insertComment(test.sql, { post_id: id })
    const headers = { 'If-Match': 'W/"1-x"' }
    expect((await ask('delete', '/posts/{id}', { id, headers })).status).toBe(412)
    expect(await commentsOf(id)).toMatchObject([{ deleted_at: null }])
  })

  it('names every reference that is missing: to nobody, and to who is deleted', async () => {
    const gone = await insertUser(test.sql, { deleted_at: '2020-01-01T00:00:00Z' })
    const post = await insertPost(test.sql, { deleted_at: '2020-01-01T00:00:00Z' })
    const asked = [
      await ask('post', '/posts', { body: { authorId: gone.id } }),
      await ask('post', '/posts', { body: { authorId: 4_000_000 } }),
      await ask('post', '/comments', { body: { postId: post.id, authorId: gone.id, body: 'x' } }),
      await ask('post', '/sessions', { body: { userId: gone.id } }),
    ]
    expect(asked.map(({ status, answer }) => [status, answer.code])).toEqual(
      asked.map(() => [422, 'reference_missing']),
    )
    const paths = asked.map(({ answer }) => answer.errors.map(({ path }: { path: string }) => path))
    expect(paths).toEqual([['authorId'], ['authorId'], ['postId', 'authorId'], ['userId']])
  })

  it('is changed after the instant of every change before', async () => {
    const updated_at = '2990-01-01T00:00:00.000001Z'
    const { id } = await insertPost(test.sql, { updated_at })
    const { answer } = await ask('patch', '/posts/{id}', { id, body: { title: 'later' } })
    expect(answer.updatedAt).toBe('2990-01-01T00:00:00.000002Z')
  })

  it('is changed at the last instant there is, too', async () => {
    const createdAt = '9999-12-31T23:59:59.999999Z'
    const { answer } = await ask('post', '/posts', { body: { createdAt } })
    const changed = await ask('patch', '/posts/{id}', { id: answer.id, body: { title: 'last' } })
    expect(changed).toMatchObject({ status: 200, answer: { updatedAt: createdAt } })
  })
})
