import postgres from 'postgres'

/** Scripts of single inserts for pgbench, over the rows that are there. */
export async function insertsInto(databaseUrl: string) {
  const sql = postgres(databaseUrl, { max: 1 })
  const [last] = await sql<{ users: number; posts: number }[]>`
    select (select max(id) from users)::integer as users, (select max(id) from posts)::integer as posts`
  await sql.end()
  const author = `\\set author random(1, ${last?.users})\n`
  const post = `\\set post random(1, ${last?.posts})\n`
  const comment =
    "insert into comments (post_id, author_id, body) values (:post, :author, 'A comment');\n"
  return {
    posts: `${author}insert into posts (author_id, title, body) values (:author, 'A title', 'A body');\n`,
    comments: `${author}${post}${comment}`,
    /** Two comments in a transaction, by two of ten users in any order. */
    hot: `\\set author random(1, 10)\n\\set other random(1, 10)\n${post}begin;\n${comment}${comment.replace(':author', ':other')}commit;\n`,
  }
}
