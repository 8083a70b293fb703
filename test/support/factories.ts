import type postgres from 'postgres'

/** Rows as PostgreSQL names them; what is left out takes the column's default. */
export type UserRow = {
  id: number
  username: string
  email: string | null
  is_active: boolean
  is_admin: boolean
  created_at: string
  updated_at: string
  last_seen_at: string | null
  preferences: postgres.JSONValue
  deleted_at: string | null
}
export type PostRow = {
  id: number
  author_id: number | null
  title: string | null
  body: string
  tags: readonly string[] | null
  metadata: postgres.JSONValue
  created_at: string
  updated_at: string
  deleted_at: string | null
}
export type CommentRow = {
  id: number
  post_id: number
  author_id: number | null
  body: string
  created_at: string
  updated_at: string
  deleted_at: string | null
}
export type SessionRow = {
  id: number
  user_id: number
  created_at: string
  last_seen_at: string
  deleted_at: string | null
}

type Sql = postgres.ISql<{ instant: string }>
let made = 0

export const insertUser = (sql: Sql, row: Partial<UserRow> = {}) =>
  insert<UserRow>(sql, 'users', { username: `user-${++made}`, ...row })

export const insertPost = (sql: Sql, row: Partial<PostRow> = {}) =>
  insert<PostRow>(sql, 'posts', { title: `Post ${++made}`, ...row })

/** On a post of its own unless `post_id` says which. */
export const insertComment = async (sql: Sql, row: Partial<CommentRow> = {}) =>
  insert<CommentRow>(sql, 'comments', {
    body: `Comment ${++made}`,
    ...row,
    post_id: row.post_id ?? (await insertPost(sql)).id,
  })

/** Of a user of its own unless `user_id` says whose. */
export const insertSession = async (sql: Sql, row: Partial<SessionRow> = {}) =>
  insert<SessionRow>(sql, 'sessions', {
    ...row,
    user_id: row.user_id ?? (await insertUser(sql)).id,
  })

/** Ids come back as numbers, instants as text with microseconds. */
async function insert<Row>(sql: Sql, table: string, values: Record<string, unknown>): Promise<Row> {
  const [inserted] = await sql<{ row: Row }[]>`
    with inserted as (insert into ${sql(table)} ${sql(values)} returning *)
    select to_jsonb(inserted) as row from inserted`
  if (!inserted) throw new Error(`No row came back from ${table}`)
  return inserted.row
}
