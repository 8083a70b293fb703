/** A new comment as the twin takes it: once for each `Idempotency-Key`, with its audit row, in one transaction. */
import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Client } from 'pg'

type NewComment = { postId: number; authorId: number; body: string }
type Row = { id: number; createdAt: string }
type InTransaction = <T>(work: (client: Client) => Promise<T>) => Promise<T>

const sha256 = (text: string) => createHash('sha256').update(text).digest()
const rfc3339 = `to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "createdAt"`

const queries = {
  lock: `select pg_advisory_xact_lock(hashtextextended($1, 0))`,
  answered:
    'select status, body from shopboard.idempotency_keys where call = $1 and fingerprint = $2',
  post: 'select id from posts where id = $1 and deleted_at is null for share',
  author: 'select id, username from users where id = $1 and deleted_at is null',
  insert: `insert into comments (post_id, author_id, body) values ($1, $2, $3) returning id, ${rfc3339}`,
  audit: `insert into shopboard.audit_log (actor, action, table_name, row_id, new, request_id, address) values ('anyone', 'create', 'comments', $1, $2, $3, $4)`,
  store: `insert into shopboard.idempotency_keys (call, fingerprint, status, headers, body) values ($1, $2, 201, '{}', $3)`,
}

const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['postId', 'body'],
    properties: {
      postId: { type: 'integer' },
      authorId: { type: 'integer' },
      body: { type: 'string', minLength: 1, maxLength: 20_000 },
    },
  },
}

export function takeComments(app: FastifyInstance, inTransaction: InTransaction): void {
  app.post<{ Body: NewComment }>('/api/v1/comments', { schema }, async (request, reply) => {
    const { postId, authorId, body } = request.body
    const key = String(request.headers['idempotency-key'])
    const [call, fingerprint] = [sha256(key), sha256(JSON.stringify(request.body))]
    const answer = await inTransaction(async (client) => {
      const run = <Found = Row>(name: keyof typeof queries, values: unknown[]) =>
        client.query<Found>({ name, text: queries[name], values })
      await run('lock', [key])
      const known = await run<{ body: string }>('answered', [call, fingerprint])
      if (known.rows[0]) return known.rows[0].body
      const [post, author] = [await run('post', [postId]), await run('author', [authorId])]
      if (!post.rows[0] || !author.rows[0]) throw Object.assign(new Error(), { statusCode: 422 })
      const [row] = (await run('insert', [postId, authorId, body])).rows
      await run('audit', [row?.id, JSON.stringify(request.body), request.id, request.ip])
      const text = JSON.stringify({ ...row, postId, author: author.rows[0], body })
      await run('store', [call, fingerprint, text])
      return text
    })
    return reply.code(201).type('application/json').send(answer)
  })
}
