import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../src/db/rollup/verify.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { checkerOf } from '../support/documented.ts'
import { insertPost, insertUser } from '../support/factories.ts'
import { openApiText } from '../support/openapi.ts'

const faultsOf = checkerOf(await openApiText())

let test: TestApp
let author = 0
let post = 0
beforeAll(async () => {
  test = await createTestApp()
  author = (await insertUser(test.sql)).id
  post = (await insertPost(test.sql)).id
})
afterAll(() => test.close())

/** Asks for all items, and holds the answer against the document. */
async function bulk(table: string, items: unknown, headers: Record<string, string> = {}) {
  const path = `/api/v1/${table}/bulk`
  const response = await test.request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ items }),
  })
  const answer = await response.json()
  expect(faultsOf(path, response.status, answer, 'post')).toEqual([])
  return { status: response.status, answer, ids: answer.items?.map(({ id }: { id: number }) => id) }
}
const countOf = async () =>
  (
    await test.sql`
      select (select count(*) from users) + (select count(*) from posts) + (select count(*) from comments)
        + (select count(*) from sessions) + (select count(*) from shopboard.audit_log) as n`
  )[0]?.n
const pathsOf = ({ answer }: { answer: { errors: { path: string }[] } }) =>
  answer.errors.map(({ path }) => path)
let made = 0
const newEmail = () => `bulk-${++made}@example.com`

const createdAt = '2020-05-31T01:40:47.307001Z'

const resources: readonly (readonly [table: string, item: () => Record<string, unknown>])[] = [
  [
    'users',
    () => ({ username: 'ada', email: newEmail(), preferences: { theme: 'dark' }, createdAt }),
  ],
  [
    'posts',
    () => ({
      authorId: author,
      title: 'T',
      tags: [' Film ', 'film'],
      metadata: { a: 1 },
      createdAt,
    }),
  ],
  ['comments', () => ({ postId: post, authorId: author, body: 'C', createdAt })],
  ['sessions', () => ({ userId: author, createdAt })],
]

describe.each(resources)('POST /api/v1/%s/bulk', (table, item) => {
  /** The row as it is shown, and what the audit log says of it. */
  async function shownOf(id: number) {
    const response = await test.request(`/api/v1/${table}/${id}`)
    const { id: _, ...row } = (await response.json()) as Record<string, unknown>
    const log = await test.sql`
      select actor, action, old, new - 'email' as new, address from shopboard.audit_log
      where table_name = ${table} and row_id = ${id}`
    return { row, log }
  }

  it('makes of each item what a single POST makes of it, with its audit row', async () => {
    const { status, ids } = await bulk(table, [item(), item()])
    expect(status).toBe(201)
    const single = await test.request(`/api/v1/${table}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(item()),
    })
    const { id } = (await single.json()) as { id: number }
    for (const each of ids) expect(await shownOf(each)).toEqual(await shownOf(id))
  })

  it('writes the request to each audit row', async () => {
    const { ids } = await bulk(table, [item(), item()], {
      'X-Request-Id': `bulk ${table}`.replace(' ', '-'),
    })
    const rows = await test.sql`
      select row_id::int as id from shopboard.audit_log where request_id = ${`bulk-${table}`} order by row_id`
    expect(rows.map(({ id }) => id)).toEqual(ids)
  })

  it('is all or nothing: one item of 1,000 is not valid', async () => {
    const items = Array.from({ length: 1000 }, item)
    const before = await countOf()
    const refused = await bulk(table, items.with(37, { ...items[37], createdAt: 'never' }))
    expect(refused.status).toBe(400)
    expect(pathsOf(refused)).toEqual(['items.37.createdAt'])
    expect(await countOf()).toEqual(before)
  })

  it('takes 1 to 10,000 items', async () => {
    for (const items of [[], Array(10_001).fill({}), Array(500_000).fill(0)]) {
      const refused = await bulk(table, items)
      expect(refused.status).toBe(400)
      expect(pathsOf(refused)).toEqual(['items'])
    }
  })

  it('lists 100 faults, and says how many there are', async () => {
    const refused = await bulk(table, Array(5_000).fill({ colour: 'red', createdAt: '' }))
    expect(refused.status).toBe(400)
    expect(refused.answer.errors).toHaveLength(100)
    expect(refused.answer.detail).toMatch(/^See errors for the first 100 of \d{5} faults\.$/)
  })

  it.each([[null], ['x'], [{}], [7]])('refuses the items %j', async (items) => {
    const refused = await bulk(table, items)
    expect(refused.status).toBe(400)
    expect(pathsOf(refused)).toEqual(['items'])
  })
})

describe('a bulk request', () => {
  it('answers ids in the order of its items', async () => {
    const items = Array.from({ length: 10_000 }, (_, n) => ({ postId: post, body: `Comment ${n}` }))
    const { ids } = await bulk('comments', items)
    const bodies = await test.sql<{ body: string }[]>`
      select body from unnest(${ids}::bigint[]) with ordinality as asked (id, at) join comments using (id) order by at`
    expect(bodies.map(({ body }) => body)).toEqual(items.map(({ body }) => body))
    expect((await verify(test.pool)).filter(({ drift }) => drift > 0)).toEqual([])
  })

  it('names each reference that is missing, by its item, and writes nothing', async () => {
    const [gone] = await test.sql`
      insert into users (username, deleted_at) values ('gone', now()) returning id::int`
    const [deleted] =
      await test.sql`insert into posts (deleted_at) values (now()) returning id::int`
    const before = await countOf()
    const good = { postId: post, authorId: author, body: 'C' }
    const refused = await bulk('comments', [
      good,
      { ...good, authorId: gone?.id },
      { ...good, postId: deleted?.id, authorId: -1 },
      { ...good, authorId: null },
      { ...good, postId: Number.MAX_SAFE_INTEGER },
    ])
    expect(refused.status).toBe(422)
    expect(refused.answer.code).toBe('reference_missing')
    expect(pathsOf(refused)).toEqual([
      'items.1.authorId',
      'items.2.authorId',
      'items.2.postId',
      'items.4.postId',
    ])
    expect(await countOf()).toEqual(before)
  })

  it('of nobody but unknown authors names all of them, and none that is missing', async () => {
    const refused = await bulk('posts', [
      {},
      { authorId: -5 },
      { authorId: null },
      { authorId: -6 },
    ])
    expect(pathsOf(refused)).toEqual(['items.1.authorId', 'items.3.authorId'])
    expect((await bulk('posts', [{}, { authorId: null }])).status).toBe(201)
  })

  it('names the users whose e-mail another has, also one before them, in whatever case', async () => {
    const [known, fresh] = [newEmail(), newEmail()]
    await insertUser(test.sql, { email: known, deleted_at: '2026-01-01' })
    const before = await countOf()
    const username = 'eve'
    const refused = await bulk('users', [
      { username, email: fresh },
      { username, email: null },
      { username, email: known.toUpperCase() },
      { username },
      { username, email: fresh.replace('bulk', 'BULK') },
    ])
    expect(refused.status).toBe(409)
    expect(refused.answer.code).toBe('conflict')
    expect(pathsOf(refused)).toEqual(['items.2.email', 'items.4.email'])
    expect(await countOf()).toEqual(before)
  })

  it('waits for another with the same e-mails, and names those that it took', async () => {
    const [held, both] = [newEmail(), newEmail()]
    const holder = await test.sql.reserve()
    await holder`begin`
    await holder`insert into users (username, email) values ('holder', ${held})`
    const items = [both, held].map((email) => ({ username: 'ada', email }))
    const waiting = () => test.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    const first = bulk('users', items)
    await expect.poll(async () => (await waiting()).length).toBe(1)
    const second = bulk('users', items.toReversed())
    await expect.poll(async () => (await waiting()).length).toBe(2)
    await holder`rollback`
    holder.release()
    expect((await first).status).toBe(201)
    expect(pathsOf(await second)).toEqual(['items.0.email', 'items.1.email'])
  })

  it('lists 100 missing references, and says how many there are', async () => {
    const refused = await bulk('sessions', Array(3_000).fill({ userId: -1 }))
    expect(refused.status).toBe(422)
    expect(pathsOf(refused)).toEqual(Array.from({ length: 100 }, (_, at) => `items.${at}.userId`))
    expect(refused.answer.detail).toContain('100 of 3000 faults')
  })

  it('with an `Idempotency-Key` makes its rows once, and answers the same ids again', async () => {
    const items = Array.from({ length: 2_000 }, (_, n) => ({ postId: post, body: `Once ${n}` }))
    const once = () => bulk('comments', items, { 'Idempotency-Key': 'bulk once' })
    const [first, twin] = await Promise.all([once(), once()])
    expect(first.ids).toHaveLength(2_000)
    expect(twin.ids).toEqual(first.ids)
    expect((await once()).ids).toEqual(first.ids)
    const [made] = await test.sql`
      select count(*)::int as n from comments where body like 'Once %'`
    expect(made).toEqual({ n: 2_000 })
  })

  it('waits for the deletion of a post, and is refused then', async () => {
    const { id } = await insertPost(test.sql)
    const deleter = await test.sql.reserve()
    await deleter`begin`
    await deleter`update posts set deleted_at = now() where id = ${id}`
    const asked = bulk('comments', [
      { postId: post, body: 'a' },
      { postId: id, body: 'b' },
    ])
    const waiting = () => test.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await waiting()).length).toBe(1)
    await deleter`commit`
    deleter.release()
    expect(pathsOf(await asked)).toEqual(['items.1.postId'])
  })

  it('holds whatever texts, tags and objects there are', async () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((each) => each.isWellFormed() && !each.includes('\0'))
    const posts = fc.array(
      fc.record({
        title: fc.option(text),
        body: text,
        metadata: fc.dictionary(
          text.filter((key) => key !== '__proto__'),
          fc.oneof(text, fc.integer(), fc.constant(null), fc.array(text)),
        ),
      }),
      { minLength: 1, maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(posts, async (items) => {
        const { ids } = await bulk('posts', items)
        const rows = await test.sql`
          select title, body, metadata from unnest(${ids}::bigint[]) with ordinality as asked (id, at) join posts using (id) order by at`
        expect([...rows]).toEqual(JSON.parse(JSON.stringify(items)))
      }),
      { numRuns: 30 },
    )
  })
})
