import { getTableName, type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { kindLiteral, kinds } from '../../db/rollup/kinds.ts'
import { comments, posts, sessions, users } from '../../db/schema.ts'

const [post, comment, signup, session] = [
  kindLiteral('post'),
  kindLiteral('comment'),
  kindLiteral('signup'),
  kindLiteral('session'),
]

/** The tables that items of any kind take names and titles from. */
export const itemTables = [getTableName(users), getTableName(posts)]

/**
 * The items as JSON text, of rows `picked (kind, id, created_at)` in the order given. What belonged to a deleted account
 * or post stays, without its name. Empty where no row `isShown`.
 */
export const itemsJson = (picked: SQL, isShown: SQL, order: SQL): SQL => sql`'[' || coalesce((
  select string_agg(
    '{"kind":"' || (array[${sql.raw(kinds.map((kind) => `'${kind}'`).join())}])[kind + 1]
      || '","id":' || ${picked}.id
      || ',"createdAt":"' || ${rfc3339(sql`${picked}.created_at`)}
      || '","actor":' || coalesce('{"id":' || ${users.id} || ',"username":' || to_json(${users.username}) || '}', 'null')
      || ',"post":' || coalesce('{"id":' || ${posts.id} || ',"title":'
        || coalesce(to_json(case when ${posts.deletedAt} is null then ${posts.title} end)::text, 'null') || '}', 'null')
      || ',"excerpt":' || coalesce(to_json(left(case kind when ${post} then ${posts.body} else ${comments.body} end, 200))::text, 'null')
      || '}',
    ',' order by ${order})
  from ${picked}
  left join ${comments} on ${comments.id} = case when kind = ${comment} then ${picked}.id end
  left join ${posts} on ${posts.id} = case kind when ${post} then ${picked}.id when ${comment} then ${comments.postId} end
  left join ${sessions} on ${sessions.id} = case when kind = ${session} then ${picked}.id end
  left join ${users} on ${users.deletedAt} is null and ${users.id} = case kind
    when ${post} then ${posts.authorId} when ${comment} then ${comments.authorId} when ${signup} then ${picked}.id else ${sessions.userId} end
  where ${isShown}), '') || ']'`
