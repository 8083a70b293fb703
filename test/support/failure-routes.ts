import { sql } from 'drizzle-orm'
import type { createApp } from '../../src/app.ts'
import { posts, users } from '../../src/db/schema.ts'
import { statement } from '../../src/db/statement.ts'
import { type ErrorCode, problems } from '../../src/errors/error.ts'

export const sleep = statement<{ seconds: number }, { slept: string }>(
  'sleep',
  { reads: [] },
  (_, { seconds }) => sql`select pg_sleep(${seconds}::float8) as slept`,
)
export const addUser = statement<{ username: string | null; email: string | null }, { id: number }>(
  'add_user',
  { reads: [] },
  (_, { username, email }) =>
    sql`insert into ${users} (username, email) values (${username}, ${email}) returning id`,
)
export const addPost = statement<{ authorId: string }, { id: number }>(
  'add_post',
  { reads: [] },
  (_, { authorId }) =>
    sql`insert into ${posts} (author_id) values (${authorId}::bigint) returning id`,
)

/**
 * Routes more for the real app, as slow and as wrong as a test wants them: GET /api/fault/sleep?seconds=,
 * POST /api/fault/users and POST /api/fault/posts.
 */
export function mountFaultRoutes(app: ReturnType<typeof createApp>): void {
  app.get('/api/fault/sleep', async (c) =>
    c.json(await c.var.db.run(sleep, { seconds: Number(c.req.query('seconds') ?? 0) })),
  )
  app.post('/api/fault/users', async (c) => {
    const { username = null, email = null } = await c.req.json()
    return c.json(await c.var.db.run(addUser, { username, email }), 201)
  })
  app.post('/api/fault/posts', async (c) => {
    const { authorId } = await c.req.json()
    return c.json(await c.var.db.run(addPost, { authorId }), 201)
  })
}

export const postJson = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
})

/** What must never be read in an answer. */
const internals =
  /postgres|127\.0\.0|localhost|\.invalid|:\d{4,5}|pg_|select\b|insert\b|\bbegin\b|stack|node_modules|\.[tj]s\b|E[A-Z]{4,}|CONNECT|terminat|constraint \w+_/

/** Every promise of a failed answer that it breaks, in words: none, when all is as it should be. */
export async function brokenPromises(
  answer: Response,
  allowed: readonly ErrorCode[],
): Promise<string[]> {
  const { status, headers } = answer
  const text = await answer.text()
  const { code, status: told, requestId } = parsed(text)
  const expected = allowed.find((each) => each === code)
  const broken: Record<string, boolean> = {
    [`code ${code} (${status}), not ${allowed.join(' or ')}`]: expected === undefined,
    [`status ${status}, told as ${told}`]:
      status !== told || (expected !== undefined && status !== problems[expected].status),
    [`content type ${headers.get('content-type')}`]:
      headers.get('content-type') !== 'application/problem+json',
    [`request id ${requestId}`]: !requestId || requestId !== headers.get('x-request-id'),
    [`Retry-After ${headers.get('retry-after')} with ${status}`]:
      (status === 503) !== /^[1-9]\d*$/.test(headers.get('retry-after') ?? ''),
    [`internals in ${text}`]: internals.test(text),
  }
  return Object.keys(broken).filter((promise) => broken[promise])
}

function parsed(text: string): { code?: unknown; status?: unknown; requestId?: unknown } {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
