import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import type { TestHarness } from 'wrangler'
import { newKey } from '../../src/auth/key.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertComment, insertPost, insertUser } from '../support/factories.ts'
import { insertKey } from '../support/keys.ts'
import { startWorker } from '../support/worker.ts'

/** A port of this machine where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

describe('the Worker', () => {
  let database: TestDatabase
  let worker: TestHarness
  beforeAll(async () => {
    database = await createTestDatabase()
    worker = await startWorker(database.url, {
      AUTH: 'off',
      FOLD_INTERVAL: 60_000,
      CORS_ORIGINS: 'https://app.example',
      RATE_LIMIT_ADDRESS: 600,
    })
  })
  afterAll(async () => {
    await worker.close()
    await database.drop()
  })

  /** What it logs, but for the warning of a start without keys. */
  const faults = () => worker.getLogs().filter(({ message }) => !message.includes('AUTH=off'))

  it('runs in workerd', async () => {
    const response = await worker.fetch('/livez')
    expect(await response.json()).toEqual({ status: 'ok', runtime: 'workerd' })
  })

  it('writes once for an Idempotency-Key, and reads no body that it does not take', async () => {
    const post = (body: string, type = 'application/json') =>
      worker.fetch('/api/v1/users', {
        method: 'POST',
        headers: { 'Content-Type': type, 'Idempotency-Key': 'once' },
        body,
      })
    expect((await post('{"username":')).status).toBe(400)
    expect((await post('{"username":"twin"}', 'text/plain')).status).toBe(415)
    expect((await post(' '.repeat(2 ** 20 + 1))).status).toBe(413)
    const answers = [
      ...(await Promise.all(Array.from({ length: 6 }, () => post('{"username":"twin"}')))),
      await post('{"username":"twin"}'),
    ]
    expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(201))
    const replayed = answers.filter(({ headers }) => headers.has('idempotency-replayed'))
    expect(replayed).toHaveLength(6)
    expect(await database.sql`delete from users where username = 'twin' returning id`).toHaveLength(
      1,
    )
    expect(faults()).toEqual([])
  })

  it('answers from PostgreSQL, request after request', async () => {
    onTestFailed(() => worker.debug())
    const author = await insertUser(database.sql)
    const post = await insertPost(database.sql, { author_id: author.id })
    await insertComment(database.sql, { post_id: post.id, author_id: author.id })
    for (let i = 0; i < 5; i++) {
      const stats = await worker.fetch('/api/v1/dashboard/stats')
      expect(stats.status).toBe(200)
      expect(await stats.json()).toMatchObject({
        totals: { users: 1, posts: 1, comments: 1, sessions: 0 },
      })
    }
    const all = await Promise.all(
      Array.from({ length: 8 }, () => worker.fetch('/api/v1/activity?pageSize=2')),
    )
    for (const response of all) {
      expect(response.status).toBe(200)
      expect(response.headers.get('link')).toContain('rel="next"')
      expect(await response.json()).toMatchObject({ items: [{}, {}], metadata: { total: 3 } })
    }
    expect(faults()).toEqual([])
  })

  it('folds the rollups when its Cron Trigger fires', async () => {
    const pending = () => database.sql`select from rollup.deltas`
    await insertUser(database.sql)
    await expect.poll(async () => (await pending()).length).toBeGreaterThan(0)
    const { outcome } = await worker.getWorker().scheduled({ cron: '* * * * *' })
    expect(outcome).toBe('ok')
    expect(await pending()).toHaveLength(0)
  })

  it('is ready', async () => {
    expect((await worker.fetch('/readyz')).status).toBe(200)
  })

  it('walks on by its own cursor', async () => {
    const first = await worker.fetch('/api/v1/activity?pageSize=1')
    const { metadata } = (await first.json()) as { metadata: { nextCursor: string } }
    const second = await worker.fetch(`/api/v1/activity?pageSize=1&cursor=${metadata.nextCursor}`)
    expect(second.status).toBe(200)
  })

  it('answers 304 to a client that has it', async () => {
    const etag = (await worker.fetch('/api/v1/activity')).headers.get('etag') ?? ''
    const response = await worker.fetch('/api/v1/activity', { headers: { 'If-None-Match': etag } })
    expect(response.status).toBe(304)
  })

  it('shows its reference page, whose scripts are served beside it', async () => {
    const page = await (await worker.fetch('/docs', { headers: { Accept: 'text/html' } })).text()
    const [script = ''] = /\/docs\/scalar\/[\d.]+\/standalone\.esm\.js/.exec(page) ?? []
    const response = await worker.fetch(script)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('javascript')
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(await response.text()).toContain('chunks/')
    const missing = await worker.fetch('/docs/scalar/0.0.0/standalone.esm.js')
    expect(missing.headers.get('content-type')).toBe('application/problem+json')
  })

  it('tells people and machines what it is', async () => {
    const page = await worker.fetch('/', { headers: { Accept: 'text/html' } })
    expect(await page.text()).toMatch(/<dt>Users<\/dt><dd>\d+<\/dd>/)
    expect(await (await worker.fetch('/')).json()).toMatchObject({ name: 'Shopboard' })
    const problem = await worker.fetch('/problems/timeout')
    expect(await problem.json()).toMatchObject({ code: 'timeout', status: 504 })
  })

  it('lets pages of the origins it names read it', async () => {
    const headers = { Origin: 'https://app.example' }
    const response = await worker.fetch('/api/v1/activity?pageSize=x', { headers })
    expect(response.status).toBe(400)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  it('is limited by what the platform binds, which says no more than the policy', async () => {
    const { status, headers } = await worker.fetch('/api/v1/activity?pageSize=1')
    expect(status).toBe(200)
    expect(headers.get('ratelimit-policy')).toBe('"address";q=600;w=60')
    expect(headers.get('ratelimit')).toBeNull()
  })

  it('counts a view behind its answer', async () => {
    const { id } = await insertPost(database.sql)
    const { status } = await worker.fetch(`/api/v1/posts/${id}/view`, { method: 'POST' })
    expect(status).toBe(202)
    const views = () => database.sql`select n::int from post_views where post_id = ${id}`
    await expect.poll(views).toEqual([{ n: 1 }])
  })

  it('leaves no transaction open behind its answers', async () => {
    await worker.fetch('/api/v1/activity')
    const open = () =>
      database.sql<{ n: number }[]>`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'
          and xact_start < clock_timestamp() - interval '1 second'`
    await expect.poll(open).toEqual([{ n: 0 }])
  })
})

describe('the Worker that is not told to let anyone in', () => {
  let database: TestDatabase
  let worker: TestHarness
  beforeAll(async () => {
    database = await createTestDatabase()
    worker = await startWorker(database.url, { AUTH: '', FOLD_INTERVAL: 60_000 })
  })
  afterAll(async () => {
    await worker.close()
    await database.drop()
  })

  it('answers to a good key alone, until it is revoked', async () => {
    onTestFailed(() => worker.debug())
    const path = '/api/v1/users'
    const shown = (authorization: string) => ({ headers: { Authorization: authorization } })
    const { authorization, id } = await insertKey(database.sql)
    expect((await worker.fetch(path)).status).toBe(401)
    const unknown = await worker.fetch(path, shown(`Bearer ${newKey().key}`))
    expect(unknown.status).toBe(401)
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    const ask = async () => (await worker.fetch(path, shown(authorization))).status
    expect(await Promise.all([ask(), ask(), ask(), ask()])).toEqual([200, 200, 200, 200])
    expect((await worker.fetch(path, { ...shown(authorization), method: 'POST' })).status).toBe(403)
    const used = () => database.sql`select from shopboard.keys where last_used_at is not null`
    await expect.poll(async () => (await used()).length).toBe(1)
    await database.sql`update shopboard.keys set revoked_at = now() where id = ${id}`
    await expect.poll(ask).toBe(401)
    expect((await worker.fetch('/')).status).toBe(200)
    expect(worker.getLogs()).toEqual([])
  })
})

describe('the Worker without its database', () => {
  let worker: TestHarness
  beforeAll(async () => {
    worker = await startWorker(`postgres://nobody:nothing@127.0.0.1:${await closedPort()}/none`)
  })
  afterAll(() => worker.close())

  it('says so, and still lives', async () => {
    const response = await worker.fetch('/api/v1/dashboard/stats')
    expect(response.status).toBe(503)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('2')
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'database_unavailable', status: 503 })
    expect(text).not.toMatch(/127\.0\.0\.1|nobody|proxy/)
    expect((await worker.fetch('/livez')).status).toBe(200)
  })
})

describe('the Worker on a database that is not migrated', () => {
  let database: TestDatabase
  let worker: TestHarness
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false })
    worker = await startWorker(database.url)
  })
  afterAll(async () => {
    await worker.close()
    await database.drop()
  })

  it('is not ready, and its log says why', async () => {
    expect((await worker.fetch('/readyz')).status).toBe(503)
    await expect
      .poll(() => worker.getLogs().map(({ message }) => message))
      .toContainEqual(expect.stringMatching(/The database cannot be served.*it is not migrated/))
    expect((await worker.fetch('/livez')).status).toBe(200)
  })
})

describe('the Worker without its secret', () => {
  let database: TestDatabase
  let worker: TestHarness
  beforeAll(async () => {
    database = await createTestDatabase()
    worker = await startWorker(database.url, { REQUEST_TIMEOUT: 5 }, { CURSOR_SECRET: '' })
  })
  afterAll(async () => {
    await worker.close()
    await database.drop()
  })

  it('answers every request with a problem, and says once what is missing', async () => {
    for (const path of ['/livez', '/api/v1/activity', '/nowhere']) {
      const response = await worker.fetch(path, { headers: { 'X-Request-Id': 'seen' } })
      expect(response.status).toBe(500)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ code: 'internal_error', requestId: 'seen' })
    }
    const faults = worker.getLogs().filter(({ level }) => level === 'error')
    expect(faults).toHaveLength(1)
    expect(faults[0]?.message).toMatch(/CURSOR_SECRET should be set.*wrangler secret put/)
    expect(faults[0]?.message).toMatch(/REQUEST_TIMEOUT should be a whole number/)
    const { outcome } = await worker.getWorker().scheduled({ cron: '* * * * *' })
    expect(outcome).toBe('exception')
  })
})
