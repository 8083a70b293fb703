import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../support/app.ts'
import { checkerOf, type Method } from '../support/documented.ts'
import { insertPost, insertUser } from '../support/factories.ts'
import { openApiText } from '../support/openapi.ts'

const faultsOf = checkerOf(await openApiText())

let test: TestApp
beforeAll(async () => {
  test = await createTestApp()
})
afterAll(() => test.close())

type Asked = {
  readonly id?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks, and holds the answer against the document: `path` is one of its. */
async function ask(method: Method, path: string, { id, body, headers = {} }: Asked = {}) {
  const json = body !== undefined && { 'Content-Type': 'application/json' }
  const response = await test.request(path.replace('{id}', String(id)), {
    method: method.toUpperCase(),
    headers: { ...json, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const answer = text === '' ? undefined : JSON.parse(text)
  if (answer !== undefined) expect(faultsOf(path, response.status, answer, method)).toEqual([])
  return { status: response.status, headers: response.headers, answer, text }
}

const auditOf = (table: string, id: number) =>
  test.sql`select actor, action, old, new, request_id from shopboard.audit_log where table_name = ${table} and row_id = ${id} order by id`

describe.each([
  {
    path: '/api/v1/users',
    create: async () => ({ username: 'ada', email: `ada${Math.random()}@example.com` }),
    patch: { username: 'Ada L.', preferences: { theme: { dark: true } } },
  },
  {
    path: '/api/v1/posts',
    create: async () => ({
      authorId: (await insertUser(test.sql)).id,
      title: 'T',
      body: 'B',
      tags: [' Film ', 'film', 'Wine'],
      metadata: { a: [1] },
    }),
    patch: { title: null, tags: ['x'] },
  },
  {
    path: '/api/v1/comments',
    create: async () => ({
      postId: (await insertPost(test.sql)).id,
      authorId: (await insertUser(test.sql)).id,
      body: 'C',
    }),
    patch: { body: 'D' },
  },
  {
    path: '/api/v1/sessions',
    create: async () => ({ userId: (await insertUser(test.sql)).id }),
    patch: { lastSeenAt: '2031-01-01T00:00:00.000001Z' },
  },
])('$path', ({ path, create, patch }) => {
  const table = path.slice('/api/v1/'.length)
  const one = `${path}/{id}`
  const make = async () => (await ask('post', path, { body: await create() })).answer.id

  it('creates what GET shows then, and says where', async () => {
    const { status, headers, text, answer } = await ask('post', path, { body: await create() })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`${path}/${answer.id}`)
    const got = await ask('get', one, { id: answer.id })
    expect(got.text).toBe(text)
    expect(got.headers.get('etag')).toBe(headers.get('etag'))
  })

  it('changes it, deletes it and brings it back, each with its audit row', async () => {
    const id = await make()
    const changed = await ask('patch', one, { id, body: patch })
    expect(changed.status).toBe(200)
    const got = await ask('get', one, { id })
    expect(got.text).toBe(changed.text)
    expect(got.headers.get('etag')).toBe(changed.headers.get('etag'))
    expect((await ask('delete', one, { id })).status).toBe(204)
    expect((await ask('get', one, { id })).status).toBe(404)
    expect((await ask('delete', one, { id })).status).toBe(404)
    expect((await ask('patch', one, { id, body: patch })).status).toBe(404)
    const restored = await ask('post', `${one}/restore`, { id })
    expect(restored.status).toBe(200)
    expect(restored.text).toBe(changed.text)
    const again = await ask('post', `${one}/restore`, { id })
    expect(again.headers.get('etag')).toBe(restored.headers.get('etag'))
    const rows = await auditOf(table, id)
    expect(rows.map(({ action }) => action)).toEqual(['create', 'update', 'delete', 'restore'])
  })
})
