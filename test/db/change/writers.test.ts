import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestApp } from '../../support/app.ts'
import { askOf } from '../../support/ask.ts'
import { useDatabase } from '../../support/database.ts'

/** What a writer does; `n` picks the row. */
type Step = { readonly name: keyof typeof steps; readonly n: number }
type Ask = ReturnType<typeof askOf>

const rows = { users: 3, posts: 3, comments: 8 }
const idOf = (table: keyof typeof rows, n: number) => 1 + (n % rows[table])

const steps = {
  createUser: (ask, n) =>
    ask('post', '/users', { body: { username: `u${n}`, email: `${n % 4}@example.com` } }),
  createPost: (ask, n) => ask('post', '/posts', { body: { authorId: idOf('users', n) } }),
  createComment: (ask, n) =>
    ask('post', '/comments', {
      body: { postId: idOf('posts', n), authorId: idOf('users', n >> 2), body: `c${n}` },
    }),
  patchUser: (ask, n) =>
    ask('patch', '/users/{id}', {
      id: idOf('users', n),
      body: { isAdmin: n % 2 === 0, username: `p${n % 3}` },
    }),
  patchPost: (ask, n) =>
    ask('patch', '/posts/{id}', { id: idOf('posts', n), body: { title: `t${n % 5}` } }),
  patchComment: (ask, n) =>
    ask('patch', '/comments/{id}', { id: idOf('comments', n), body: { body: `b${n % 5}` } }),
  deleteUser: (ask, n) => ask('delete', '/users/{id}', { id: idOf('users', n) }),
  deletePost: (ask, n) => ask('delete', '/posts/{id}', { id: idOf('posts', n) }),
  deleteComment: (ask, n) => ask('delete', '/comments/{id}', { id: idOf('comments', n) }),
  restoreUser: (ask, n) => ask('post', '/users/{id}/restore', { id: idOf('users', n) }),
  restorePost: (ask, n) => ask('post', '/posts/{id}/restore', { id: idOf('posts', n) }),
  restoreComment: (ask, n) => ask('post', '/comments/{id}/restore', { id: idOf('comments', n) }),
} satisfies Record<string, (ask: Ask, n: number) => ReturnType<Ask>>

const names = Object.keys(steps).filter((name): name is keyof typeof steps => name in steps)
const eightWriters = fc.array(
  fc.array(fc.record({ name: fc.constantFrom(...names), n: fc.nat(1000) }), {
    minLength: 5,
    maxLength: 12,
  }),
  { minLength: 8, maxLength: 8 },
)

describe.each(['read committed', 'repeatable read', 'serializable'])(
  'eight writers of the same rows, where the default is %s',
  (isolation) => {
    const database = useDatabase()
    beforeAll(async () => {
      const { sql, url } = database
      const name = new URL(url).pathname.slice(1)
      await sql.unsafe(`alter database ${name} set default_transaction_isolation = '${isolation}'`)
      await sql.unsafe(`alter database ${name} set deadlock_timeout = '50ms'`)
      await sql`insert into users (username) select 'u' || i from generate_series(1, ${rows.users}::int) i`
      await sql`insert into posts (title) select 't' from generate_series(1, ${rows.posts}::int)`
      await sql`insert into comments (post_id, body) select 1 + i % ${rows.posts}::int, 'c' from generate_series(1, ${rows.comments}::int) i`
    })

    it('are each answered, leave no drift, and no audit row that does not follow from the one before', async () => {
      const app = await createTestApp({ url: database.url, pool: { size: 8 } })
      const ask = askOf(app)
      const inTurn = async (turns: readonly Step[]) => {
        const statuses: number[] = []
        for (const { name, n } of turns) statuses.push((await steps[name](ask, n)).status)
        return statuses
      }
      await fc.assert(
        fc.asyncProperty(eightWriters, async (writers) => {
          const statuses = (await Promise.all(writers.map(inTurn))).flat()
          const usual = new Set([200, 201, 204, 404, 409, 422])
          expect(statuses.filter((status) => !usual.has(status))).toEqual([])
          const found = await verify(app.pool)
          expect(found.filter(({ drift }) => drift > 0)).toEqual([])
          expect(await faultsOfPosts(database.sql)).toEqual([])
          expect(await faultsOfAudit(database.sql)).toEqual([])
        }),
        { numRuns: 6, endOnFailure: true },
      )
      await app.close()
    })
  },
)

type Sql = ReturnType<typeof useDatabase>['sql']

/** Comments that are not as their post's deletion would have them. */
const faultsOfPosts = (sql: Sql) => sql`
  select comments.id, posts.deleted_at as post, comments.deleted_at as comment, deleted_with_post
  from comments join posts on posts.id = post_id
  where (posts.deleted_at is not null and comments.deleted_at is null)
    or (deleted_with_post and comments.deleted_at is distinct from posts.deleted_at)`

/** Rows whose changes, one after another, do not lead from one to the next and to the row as it is. */
const faultsOfAudit = (sql: Sql) => sql`
  with log as (
    select table_name, row_id, id, entry.key, action, old -> entry.key as was,
      lag(new -> entry.key) over (partition by table_name, row_id, entry.key order by id) as before
    from shopboard.audit_log, jsonb_each(new) as entry
    where entry.key not in ('comments', 'deletedAt')
  )
  select * from log where action = 'update' and before is not null and was is distinct from before
  union all
  select table_name, row_id, max(log.id), 'title', 'last', to_jsonb(posts.title), (array_agg(new -> 'title' order by log.id desc))[1]
  from shopboard.audit_log as log join posts on posts.id = row_id
  where table_name = 'posts' and new ? 'title' group by 1, 2, posts.title
  having coalesce(to_jsonb(posts.title), 'null') is distinct from (array_agg(new -> 'title' order by log.id desc))[1]
  union all
  select 'posts', posts.id, log.id, 'deletedAt', action, to_jsonb(posts.deleted_at), new -> 'deletedAt'
  from posts join lateral (
    select * from shopboard.audit_log where table_name = 'posts' and row_id = posts.id and action in ('delete', 'restore') order by id desc limit 1
  ) as log on true
  where (posts.deleted_at is null) <> (new -> 'deletedAt' = 'null')`
