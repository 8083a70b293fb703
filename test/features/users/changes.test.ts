import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { askOf } from '../../support/ask.ts'
import { insertPost, insertUser } from '../../support/factories.ts'

let test: TestApp
let ask: ReturnType<typeof askOf>
beforeAll(async () => {
  test = await createTestApp()
  ask = askOf(test)
})
afterAll(() => test.close())

describe('a user', () => {
  it('keeps an e-mail address for themselves, whatever its case, also while they are deleted', async () => {
    const email = 'Ada@Example.com'
    const { answer, text } = await ask('post', '/users', { body: { username: 'ada', email } })
    expect(text).not.toContain('xample')
    await ask('delete', '/users/{id}', { id: answer.id })
    const other = await insertUser(test.sql)
    const asked = [
      await ask('post', '/users', { body: { username: 'eve', email: 'ada@example.com' } }),
      await ask('patch', '/users/{id}', { id: other.id, body: { email: 'ADA@EXAMPLE.COM' } }),
    ]
    for (const { status, answer } of asked) {
      expect([status, answer.code]).toEqual([409, 'conflict'])
      expect(answer.errors).toEqual([{ path: 'email', message: 'is already taken' }])
    }
    const rows = await test.sql`select from users where username = 'eve'`
    expect(rows).toEqual([])
  })

  it('has an e-mail address that can be taken back', async () => {
    const body = { username: 'bob', email: 'bob@example.com' }
    const { id } = (await ask('post', '/users', { body })).answer
    await ask('patch', '/users/{id}', { id, body: { email: null } })
    expect(await test.sql`select email from users where id = ${id}`).toEqual([{ email: null }])
  })

  it('leaves what they wrote authorless while they are deleted', async () => {
    const { id } = await insertUser(test.sql)
    const post = await insertPost(test.sql, { author_id: id })
    await ask('delete', '/users/{id}', { id })
    expect((await ask('get', '/posts/{id}', { id: post.id })).answer.author).toBeNull()
    await ask('post', '/users/{id}/restore', { id })
    expect((await ask('get', '/posts/{id}', { id: post.id })).answer.author.id).toBe(id)
  })

  it('does not come back once they are erased', async () => {
    const at = '2020-01-01T00:00:00Z'
    const { id } = await insertUser(test.sql, { deleted_at: at })
    await test.sql`update users set erased_at = ${at} where id = ${id}`
    expect((await ask('post', '/users/{id}/restore', { id })).status).toBe(404)
  })

  it('is refused with a fault of each field of the body', async () => {
    const body = {
      username: '',
      email: 'nowhere',
      isActive: 'yes',
      lastSeenAt: 'yesterday',
      preferences: [],
      createdAt: '10000-01-01T00:00:00Z',
      id: 7,
    }
    const { status, answer } = await ask('post', '/users', { body })
    expect(status).toBe(400)
    const paths = answer.errors.map(({ path }: { path: string }) => path)
    expect(paths.toSorted()).toEqual(Object.keys(body).toSorted())
    const nothing = await ask('post', '/users', { body: {} })
    expect(nothing.answer.errors).toEqual([{ path: 'username', message: 'is required' }])
  })
})
