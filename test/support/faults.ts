import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Connections } from '../../src/db/database.ts'
import { posts, users } from '../../src/db/schema.ts'
import { statement } from '../../src/db/statement.ts'
import { type ErrorCode, problems } from '../../src/errors/error.ts'
import { createTestApp, type TestApp, type TestAppOptions } from './app.ts'

/** ms in which the next request must succeed once the database is back. */
export const recovery = 2_000

export const sleep = statement<{ seconds: number }, { slept: string }>(
  'sleep',
  (_, { seconds }) => sql`select pg_sleep(${seconds}::float8) as slept`,
)
export const addUser = statement<{ username: string | null; email: string | null }, { id: number }>(
  'add_user',
  (_, { username, email }) =>
    sql`insert into ${users} (username, email) values (${username}, ${email}) returning id`,
)
export const addPost = statement<{ authorId: string }, { id: number }>(
  'add_post',
  (_, { authorId }) =>
    sql`insert into ${posts} (author_id) values (${authorId}::bigint) returning id`,
)

/**
 * The real app with routes more, as slow and as wrong as a test wants them:
 * GET /api/fault/sleep?seconds=, POST /api/fault/users and POST /api/fault/posts.
 */
export async function createFaultApp(options: TestAppOptions = {}): Promise<TestApp> {
  const test = await createTestApp(options)
  test.app.get('/api/fault/sleep', async (c) =>
    c.json(await c.var.db.run(sleep, { seconds: Number(c.req.query('seconds') ?? 0) })),
  )
  test.app.post('/api/fault/users', async (c) => {
    const { username = null, email = null } = await c.req.json()
    return c.json(await c.var.db.run(addUser, { username, email }), 201)
  })
  test.app.post('/api/fault/posts', async (c) => {
    const { authorId } = await c.req.json()
    return c.json(await c.var.db.run(addPost, { authorId }), 201)
  })
  return test
}

export const postJson = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

/** What must never be read in an answer. */
const internals =
  /postgres|127\.0\.0|localhost|\.invalid|:\d{4,5}|pg_|select\b|insert\b|\bbegin\b|stack|node_modules|\.[tj]s\b|E[A-Z]{4,}|CONNECT|terminat|constraint \w+_/

/** The failure a client sees: its status and code, when to come back, and nothing of the inside. */
export async function expectProblem(answer: Response, code: ErrorCode): Promise<void> {
  const text = await answer.text()
  const { status } = problems[code]
  expect(JSON.parse(text)).toMatchObject({ status, code, requestId: expect.any(String) })
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('x-request-id')).toBeTruthy()
  expect(text).not.toMatch(internals)
  if (status === 503) expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
}

/** Every slot is back, and nobody waits for one. */
export const expectSettled = (connections: Connections) =>
  expect
    .poll(() => connections.pool(), { timeout: recovery, interval: 5 })
    .toMatchObject({ inUse: 0, waiting: 0 })

/** The database is there again: within 2 s a request is answered with 200. */
export const expectRecovery = (request: () => Promise<Response>) =>
  expect.poll(async () => (await request()).status, { timeout: recovery, interval: 10 }).toBe(200)

/** How many statements named so run on the server at this moment, by whatever connection. */
export async function runningOnServer(
  { sql }: Pick<TestApp, 'sql'>,
  text: string,
): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
      and strpos(query, ${text}) > 0`
  return row?.n ?? 0
}

/** Fails a test of the file during which a promise or an exception went astray. */
export function refuseStrays(): void {
  const strays: unknown[] = []
  const note = (error: unknown) => strays.push(error)
  beforeEach(() => {
    process.on('unhandledRejection', note)
    process.on('uncaughtException', note)
  })
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
    expect(strays.splice(0)).toEqual([])
  })
}
