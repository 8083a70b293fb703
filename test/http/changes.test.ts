import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../support/app.ts'
import { type Asked, askOf } from '../support/ask.ts'
import { checkerOf, type Method } from '../support/documented.ts'
import { insertPost, insertUser } from '../support/factories.ts'
import { openApiText } from '../support/openapi.ts'

const faultsOf = checkerOf(await openApiText())
const noId = Number.MAX_SAFE_INTEGER

let test: TestApp
beforeAll(async () => {
  test = await createTestApp({ pool: { size: 8 } })
})
afterAll(() => test.close())

/** Asks, and holds the answer against the document. */
async function ask(method: Method, path: string, asked?: Asked) {
  const found = await askOf(test)(method, path, asked)
  const { status, answer } = found
  if (answer !== undefined) expect(faultsOf(`/api/v1${path}`, status, answer, method)).toEqual([])
  return found
}

const auditOf = (table: string, id: number) =>
  test.sql`select action, old, new, actor, request_id from shopboard.audit_log
    where table_name = ${table} and row_id = ${id} order by id`

describe.each([
  {
    path: '/users',
    body: async () => ({ username: 'ada', email: `${crypto.randomUUID()}@example.com` }),
    change: { username: 'Ada L.', preferences: { theme: { isDark: true } } },
    other: { username: 'Ada' },
  },
  {
    path: '/posts',
    body: async () => ({
      authorId: (await insertUser(test.sql)).id,
      title: 'T',
      tags: ['wine'],
      metadata: { a: [1] },
    }),
    change: { title: null, body: 'more', tags: [] },
    other: { title: 'other' },
  },
  {
    path: '/comments',
    body: async () => ({ postId: (await insertPost(test.sql)).id, body: 'C' }),
    change: { body: 'D' },
    other: { body: 'E' },
  },
  {
    path: '/sessions',
    body: async () => ({ userId: (await insertUser(test.sql)).id }),
    change: { lastSeenAt: '2031-01-01T00:00:00.000001Z' },
    other: { lastSeenAt: '2031-01-02T00:00:00.000000Z' },
  },
])('a row of $path', ({ path, body, change, other }) => {
  const table = path.slice(1)
  const one = `${path}/{id}`
  const make = async (): Promise<{ id: number; etag: string }> => {
    const { headers, answer } = await ask('post', path, { body: await body() })
    return { id: answer.id, etag: headers.get('etag') ?? '' }
  }

  it('is created as GET shows it then, at the place that is told', async () => {
    const { status, headers, text, answer } = await ask('post', path, { body: await body() })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1${path}/${answer.id}`)
    const got = await ask('get', one, { id: answer.id })
    expect(got.text).toBe(text)
    expect(got.headers.get('etag')).toBe(headers.get('etag'))
  })

  it('is created at the instant that the body says', async () => {
    const at = '2016-02-29T23:59:59.999999Z'
    const { answer } = await ask('post', path, { body: { ...(await body()), createdAt: at } })
    expect(answer).toMatchObject({ createdAt: at })
    expect([at, undefined]).toContain(answer.updatedAt)
  })

  it('is changed as GET shows it then, and told to the audit log', async () => {
    const { id, etag } = await make()
    const headers = { 'X-Request-Id': `changes-${id}` }
    const changed = await ask('patch', one, { id, body: change, headers })
    expect(changed.status).toBe(200)
    const got = await ask('get', one, { id })
    expect(got.text).toBe(changed.text)
    expect(got.headers.get('etag')).toBe(changed.headers.get('etag'))
    expect(changed.headers.get('etag')).not.toBe(etag)
    const [, row] = await auditOf(table, id)
    expect(row).toMatchObject({ action: 'update', actor: 'anyone', request_id: `changes-${id}` })
    expect(Object.keys(row?.old)).toEqual(Object.keys(row?.new))
    expect(Object.keys(change)).toEqual(expect.arrayContaining(Object.keys(row?.new)))
  })

  it('stays as it is where nothing changes, and leaves no audit row', async () => {
    const { id } = await make()
    const changed = await ask('patch', one, { id, body: change })
    const again = await ask('patch', one, { id, body: change })
    expect(again.status).toBe(200)
    expect(again.text).toBe(changed.text)
    expect(again.headers.get('etag')).toBe(changed.headers.get('etag'))
    expect(await auditOf(table, id)).toHaveLength(2)
  })

  it('is gone once it is deleted, and comes back as it was', async () => {
    const { id } = await make()
    const before = await ask('get', one, { id })
    expect(await ask('delete', one, { id })).toMatchObject({ status: 204, text: '' })
    for (const [method, body] of [['get'], ['delete'], ['patch', change]] as const)
      expect((await ask(method, one, { id, body })).answer.code).toBe('not_found')
    const restored = await ask('post', `${one}/restore`, { id })
    expect(restored).toMatchObject({ status: 200, text: before.text })
    const again = await ask('post', `${one}/restore`, { id })
    expect(again.headers.get('etag')).toBe(restored.headers.get('etag'))
    const actions = (await auditOf(table, id)).map(({ action }) => action)
    expect(actions).toEqual(['create', 'delete', 'restore'])
  })

  it('is not found where there is none', async () => {
    const missing = [
      await ask('patch', one, { id: noId, body: change }),
      await ask('delete', one, { id: noId }),
      await ask('post', `${one}/restore`, { id: noId }),
      await ask('patch', one, { id: 0, body: change }),
    ]
    expect(missing.map(({ status }) => status)).toEqual([404, 404, 404, 404])
  })

  it('is changed by one alone of those who know the same version of it', async () => {
    const { id, etag } = await make()
    const headers = { 'If-Match': etag }
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        ask('patch', one, { id, body: at % 2 === 0 ? change : other, headers }),
      ),
    )
    const statuses = all.map(({ status }) => status).toSorted()
    expect(statuses).toEqual([200, 412, 412, 412, 412, 412, 412, 412])
    expect(await auditOf(table, id)).toHaveLength(2)
    const late = await ask('delete', one, { id, headers })
    expect(late.answer.code).toBe('precondition_failed')
  })

  it.each([
    ['its tag', (etag: string) => etag],
    ['its tag as a strong one, among others', (etag: string) => `"x", "7-y", ${etag.slice(2)}`],
    ['any', () => '*'],
  ])('is changed and deleted by who names %s', async (_, named) => {
    const { id, etag } = await make()
    const changed = await ask('patch', one, {
      id,
      body: change,
      headers: { 'If-Match': named(etag) },
    })
    expect(changed.status).toBe(200)
    const now = named(changed.headers.get('etag') ?? '')
    expect((await ask('delete', one, { id, headers: { 'If-Match': now } })).status).toBe(204)
  })

  it('is left to who names what is no tag of a row', async () => {
    const { id } = await make()
    const headers = { 'If-Match': 'x' }
    expect((await ask('patch', one, { id, body: change, headers })).status).toBe(412)
  })

  it('is refused with a fault of each field, and changes nothing', async () => {
    const { id } = await make()
    const wrong = { colour: 'red', createdAt: '2020-01-01', ...strangeOf(change) }
    const { status, answer } = await ask('patch', one, { id, body: wrong })
    expect(status).toBe(400)
    const paths = answer.errors.map((error: { path: string }) => error.path)
    expect(paths.toSorted()).toEqual(Object.keys(wrong).toSorted())
    const empty = await ask('patch', one, { id, body: {} })
    expect(empty.answer.errors).toEqual([{ path: 'body', message: 'must have one field at least' }])
    expect(await auditOf(table, id)).toHaveLength(1)
  })
})

const strangeOf = (change: object) => Object.fromEntries(Object.keys(change).map((key) => [key, 7]))
