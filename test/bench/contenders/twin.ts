/**
 * The same feed as a good engineer would write it by hand: Fastify, pg with a pool, prepared keyset SQL in a
 * read-only transaction, rows mapped to JSON in JavaScript. With `TWIN=json` it goes without a transaction, and PostgreSQL
 * writes the items. Statistics and page jumps are Shopboard's own SQL.
 */
import fastify from 'fastify'
import { type Client, Pool, types } from 'pg'
import { type Compiled, compile } from '../../../src/db/statement.ts'
import { activityPage, usualKinds } from '../../../src/features/activity/queries.ts'
import { dashboardStats } from '../../../src/features/stats/queries.ts'
import { databaseUrl, kinds, poolSize, sign, twinCursor } from './contender.ts'
import { page, pageSize, usual } from './hand-written.ts'
import { takeComments } from './twin-comments.ts'
import { answerPosts } from './twin-posts.ts'

types.setTypeParser(20, Number)
const pool = new Pool({
  connectionString: databaseUrl,
  max: poolSize,
  options: '-c plan_cache_mode=force_generic_plan -c jit=off -c TimeZone=UTC',
})

type Row = {
  kind: number
  id: number
  createdAt: string
  actorId: number | null
  username: string | null
  postId: number | null
  title: string | null
  excerpt: string | null
  total: number
  asOf: string
}

const isJson = process.env.TWIN === 'json'

async function inTransaction<T>(
  work: (client: Client) => Promise<T>,
  begin = 'begin isolation level repeatable read read only',
): Promise<T> {
  const client = await pool.connect()
  try {
    if (!isJson) await client.query(begin)
    const result = await work(client)
    if (!isJson) await client.query('commit')
    client.release()
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

const cursorAt = ({ createdAt, kind, id }: Row): string => twinCursor(createdAt, kind, id)

function positionOf(cursor: string | undefined, asked: readonly number[]): unknown[] {
  const lowest = '-9223372036854775808'
  if (!cursor) return ['infinity', ...asked.map(() => lowest)]
  const [text = '', signature] = cursor.split('.')
  if (sign(text) !== signature)
    throw Object.assign(new Error('invalid cursor'), { statusCode: 400 })
  const [at, kind, id] = JSON.parse(Buffer.from(text, 'base64url').toString())
  const bound = (of: number) => (of === kind ? id : of > kind ? '9223372036854775807' : lowest)
  return [at, ...asked.map(bound)]
}

const itemOf = (row: Row) => ({
  kind: kinds[row.kind],
  id: row.id,
  createdAt: row.createdAt,
  actor: row.actorId === null ? null : { id: row.actorId, username: row.username },
  post: row.postId === null ? null : { id: row.postId, title: row.title },
  excerpt: row.excerpt,
})

/** One of Shopboard's statements, which answer their JSON as text. */
const prepared = ({ name, text, bind }: Compiled, values: Record<string, unknown>) => ({
  name,
  text,
  values: bind(values),
})
const everything = {
  authorId: null,
  after: '-infinity',
  before: 'infinity',
  size: pageSize,
}
const jump = activityPage({ kinds: usualKinds, ofAuthor: false, isBounded: false })

const app = fastify()
const asJson = (text: string) =>
  `select json_agg(p)::text as items, count(*)::integer as count, max(total) as total, max("asOf") as "asOf" from (${text}) as p`

type Found = { items: string; count: number; total: number; asOf: string }

app.get<{ Querystring: { cursor?: string; page?: string; kind?: string } }>(
  '/api/v1/activity',
  async (request, reply) => {
    const { cursor, page: number } = request.query
    if (number) {
      const skip = (Number(number) - 1) * pageSize
      const query = prepared(compile(jump), { ...everything, skip })
      const { rows } = await inTransaction((client) => client.query<{ items: string }>(query))
      return reply.type('application/json').send(`{"items":${rows[0]?.items}}`)
    }
    const asked = request.query.kind?.split(',').map((kind) => kinds.indexOf(kind)) ?? usual
    const values = positionOf(cursor, asked)
    if (isJson) {
      const { rows } = await pool.query<Found>({
        name: `items ${asked}`,
        text: asJson(page(asked)),
        values,
      })
      const { items, ...found } = rows[0] ?? { items: '[]' }
      return reply
        .type('application/json')
        .send(`{"items":${items},"metadata":${JSON.stringify(found)}}`)
    }
    const { rows } = await inTransaction((client) =>
      client.query<Row>({ name: `page ${asked}`, text: page(asked), values }),
    )
    const shown = rows.slice(0, pageSize)
    const last = shown.at(-1)
    const nextCursor = rows.length > pageSize && last ? cursorAt(last) : null
    if (nextCursor) reply.header('Link', `</api/v1/activity?cursor=${nextCursor}>; rel="next"`)
    return {
      items: shown.map(itemOf),
      metadata: {
        strategy: 'cursor',
        pageSize,
        hasNext: nextCursor !== null,
        hasPrev: cursor !== undefined,
        nextCursor,
        prevCursor: shown[0] && cursor ? cursorAt(shown[0]) : null,
        total: shown[0]?.total ?? 0,
        asOf: shown[0]?.asOf,
      },
    }
  },
)
app.get('/api/v1/dashboard/stats', async (_, reply) => {
  const query = prepared(compile(dashboardStats), { days: 7 })
  const { rows } = await inTransaction((client) => client.query<{ body: string }>(query))
  return reply.type('application/json').send(rows[0]?.body)
})
answerPosts(app, inTransaction)
takeComments(app, (work) => inTransaction(work, 'begin'))
process.stdout.write(`Listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
