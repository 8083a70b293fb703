/**
 * The same feed as a good engineer would write it by hand: Fastify, pg with a pool, prepared keyset SQL in a
 * read-only transaction, rows mapped to JSON in JavaScript. Statistics and page jumps are Shopboard's own SQL.
 */
import fastify from 'fastify'
import { type Client, Pool, types } from 'pg'
import { type Compiled, compile } from '../../src/db/statement.ts'
import { activityPage, usualKinds } from '../../src/features/activity/queries.ts'
import { dashboardStats } from '../../src/features/stats/queries.ts'
import { databaseUrl, kinds, poolSize, sign, twinCursor } from './contender.ts'

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

/** Written into the SQL: with an open limit the generic plan would sort whole tables. */
const pageSize = 20

const branch = (kind: number, table: string, id: string) => `
  (select ${kind} as kind, id, created_at from ${table}
   where deleted_at is null and (created_at, id) < ($1::timestamptz, ${id}::bigint)
   order by created_at desc, id desc limit ${pageSize + 1})`
const rfc3339 = (instant: string) =>
  `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const page = `
  with picked as materialized (
    select * from (
      ${branch(0, 'posts', '$2')} union all ${branch(1, 'comments', '$3')} union all ${branch(2, 'users', '$4')}
    ) as merged
    order by created_at desc, kind, id desc limit ${pageSize + 1}
  )
  select kind, picked.id, ${rfc3339('picked.created_at')} as "createdAt",
    u.id as "actorId", u.username, p.id as "postId", p.title,
    left(case kind when 0 then p.body else c.body end, 200) as excerpt,
    (select sum(n)::bigint from rollup.current_totals where kind in (0, 1, 2)) as total,
    ${rfc3339('now()')} as "asOf"
  from picked
  left join comments c on kind = 1 and c.id = picked.id
  left join posts p on p.id = case kind when 0 then picked.id when 1 then c.post_id end
  left join users u on u.id = case kind when 0 then p.author_id when 1 then c.author_id else picked.id end
  order by picked.created_at desc, kind, picked.id desc`

async function inTransaction<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

const cursorAt = ({ createdAt, kind, id }: Row): string => twinCursor(createdAt, kind, id)

function positionOf(cursor: string | undefined): unknown[] {
  const lowest = '-9223372036854775808'
  if (!cursor) return ['infinity', lowest, lowest, lowest]
  const [text = '', signature] = cursor.split('.')
  if (sign(text) !== signature)
    throw Object.assign(new Error('invalid cursor'), { statusCode: 400 })
  const [at, kind, id] = JSON.parse(Buffer.from(text, 'base64url').toString())
  const bound = (of: number) => (of === kind ? id : of > kind ? '9223372036854775807' : lowest)
  return [at, bound(0), bound(1), bound(2)]
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
app.get<{ Querystring: { cursor?: string; page?: string } }>(
  '/api/v1/activity',
  async (request, reply) => {
    const { cursor, page: number } = request.query
    if (number) {
      const skip = (Number(number) - 1) * pageSize
      const query = prepared(compile(jump), { ...everything, skip })
      const { rows } = await inTransaction((client) => client.query<{ items: string }>(query))
      return reply.type('application/json').send(`{"items":${rows[0]?.items}}`)
    }
    const values = positionOf(cursor)
    const { rows } = await inTransaction((client) =>
      client.query<Row>({ name: 'page', text: page, values }),
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
process.stdout.write(`Listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
