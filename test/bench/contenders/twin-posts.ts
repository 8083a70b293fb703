/** The list of posts and one of them, as the twin answers them. */
import type { FastifyInstance } from 'fastify'
import type { Client } from 'pg'
import { sign } from './contender.ts'
import { pageSize, postById, postsPage } from './hand-written.ts'

type Row = {
  id: number
  title: string | null
  body: string
  createdAt: string
  updatedAt: string
  authorId: number | null
  username: string | null
  tags: string[] | null
  commentsCount: number
  viewsCount: number
  metadata?: unknown
}
type ListedRow = Row & { total: number; asOf: string }

const mostOfBody = 5000

const itemOf = (row: Row, isTruncated = false) => ({
  id: row.id,
  title: row.title,
  body: isTruncated ? row.body.slice(0, mostOfBody) : row.body,
  isTruncated,
  tags: row.tags ?? [],
  ...(row.metadata === undefined ? {} : { metadata: row.metadata }),
  author: row.authorId === null ? null : { id: row.authorId, username: row.username },
  commentsCount: row.commentsCount,
  viewsCount: row.viewsCount,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
})

const cursorAt = ({ createdAt, id }: Row): string => {
  const text = Buffer.from(JSON.stringify([createdAt, id])).toString('base64url')
  return `${text}.${sign(text)}`
}

type InTransaction = <T>(work: (client: Client) => Promise<T>) => Promise<T>

export function answerPosts(app: FastifyInstance, inTransaction: InTransaction): void {
  app.get('/api/v1/posts', async (_, reply) => {
    const { rows } = await inTransaction((client) =>
      client.query<ListedRow>({
        name: 'posts',
        text: postsPage,
        values: ['infinity', '9223372036854775807'],
      }),
    )
    const shown = rows.slice(0, pageSize)
    const last = shown.at(-1)
    const nextCursor = rows.length > pageSize && last ? cursorAt(last) : null
    if (nextCursor) reply.header('Link', `</api/v1/posts?cursor=${nextCursor}>; rel="next"`)
    const total = shown[0]?.total ?? 0
    return {
      items: shown.map((row) => itemOf(row, row.body.length > mostOfBody)),
      metadata: {
        strategy: 'page',
        pageSize,
        hasNext: nextCursor !== null,
        hasPrev: false,
        nextCursor,
        prevCursor: null,
        total,
        page: 1,
        totalPages: Math.ceil(total / pageSize),
        asOf: shown[0]?.asOf,
      },
    }
  })

  app.get<{ Params: { id: string } }>('/api/v1/posts/:id', async (request, reply) => {
    const { rows } = await inTransaction((client) =>
      client.query<Row>({ name: 'post', text: postById, values: [request.params.id] }),
    )
    const [row] = rows
    return row ? itemOf(row) : reply.code(404).send({ code: 'not_found' })
  })
}
