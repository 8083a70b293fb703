/**
 * The backend Shopboard replaces, kept to compare with: a connection per request, four counts one after the
 * other, OFFSET over everything. Its tables have neither keys nor indexes.
 */
import { createServer } from 'node:http'
import { Client } from 'pg'
import { announce, databaseUrl } from './contender.ts'

async function stats(client: Client) {
  const count = async (table: string) => {
    const { rows } = await client.query<{ count: string }>(`select count(*) from ${table}`)
    return Number(rows[0]?.count)
  }
  return {
    users: await count('users'),
    posts: await count('posts'),
    comments: await count('comments'),
    sessions: await count('sessions'),
  }
}

async function activity(client: Client, page: number, pageSize: number) {
  const { rows } = await client.query(
    `select * from (
       select 'post' as kind, p.id, p.created_at, u.username, p.title, left(p.body, 200) as excerpt
       from posts p left join users u on u.id = p.author_id
       union all
       select 'comment', c.id, c.created_at, u.username, p.title, left(c.body, 200)
       from comments c left join users u on u.id = c.author_id left join posts p on p.id = c.post_id
       union all
       select 'signup', id, created_at, username, null, null from users
     ) as activity
     order by created_at desc limit $1 offset $2`,
    [pageSize, (page - 1) * pageSize],
  )
  return { items: rows, page, pageSize }
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const client = new Client({ connectionString: databaseUrl })
  try {
    await client.connect()
    const number = (name: string, otherwise: number) =>
      Number(url.searchParams.get(name) ?? otherwise)
    const body = url.pathname.endsWith('/stats')
      ? await stats(client)
      : await activity(client, number('page', 1), number('pageSize', 20))
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(body))
  } catch (error) {
    response.statusCode = 500
    response.end(String(error))
  } finally {
    await client.end()
  }
})
announce(server.listen(0, '127.0.0.1'))
