import { type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { joinUser, jsonText, jsonUser } from '../../db/json.ts'
import { beginningOfTitle } from '../../db/list/texts.ts'
import { type Kind, kindLiteral, kindTable, type TableName } from '../../db/rollup/kinds.ts'
import { comments, posts } from '../../db/schema.ts'

const titleOf = beginningOfTitle(posts.title)
const excerptOf = (body: SQL) => sql`left(${body}, 200)`
const noId = sql.raw('null::bigint')
const noText = sql.raw('null::text')

type Columns = {
  readonly post_id: SQL
  /** The post whose title is looked up: a post brings its own. */
  readonly titled_by: SQL
  readonly title: SQL
  readonly excerpt: SQL
}
const none: Columns = { post_id: noId, titled_by: noId, title: noText, excerpt: noText }
const columns: Readonly<Record<Kind, Columns>> = {
  post: {
    post_id: sql`${posts.id}`,
    titled_by: noId,
    title: titleOf,
    excerpt: excerptOf(sql`${posts.body}`),
  },
  comment: {
    post_id: sql`${comments.postId}`,
    titled_by: sql`${comments.postId}`,
    title: noText,
    excerpt: excerptOf(sql`${comments.body}`),
  },
  signup: none,
  session: none,
}

/** What a row of the kind brings along to its item from where it is found, as columns. */
export const itemColumns = (kind: Kind): SQL => sql`${kindLiteral(kind)} as kind,
        ${kindTable[kind].table.id} as id, ${kindTable[kind].table.createdAt} as created_at,
        ${sql.raw(`'{"kind":"${kind}","id":'`)} as head, ${kindTable[kind].owner} as user_id,
        ${columns[kind].post_id} as post_id, ${columns[kind].titled_by} as titled_by,
        ${columns[kind].title} as title, ${columns[kind].excerpt} as excerpt`

/** Whether titles are looked up for items of these kinds. */
const isTitled = (kinds: readonly Kind[]) => kinds.some((kind) => columns[kind].titled_by !== noId)

/** The tables that items of these kinds take names and titles from. */
export const itemTables = (kinds: readonly Kind[]): readonly TableName[] =>
  isTitled(kinds) ? ['users', 'posts'] : ['users']

/**
 * A row of `page`, which has `itemColumns`, as JSON text. What belonged to a deleted account or post stays, without its
 * name. One `concat`: objects built by `json_build_object` cost an eighth of the whole page more.
 */
export const itemJson = (kinds: readonly Kind[]): SQL => sql`concat(head, page.id,
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))},
        '","actor":', ${jsonUser},
        ',"post":', coalesce('{"id":' || post_id || ',"title":' || ${jsonText(titleFor(kinds))} || '}', 'null'),
        ',"excerpt":', ${jsonText(sql.raw('excerpt'))}, '}')`

const titleFor = (kinds: readonly Kind[]): SQL =>
  isTitled(kinds) ? sql`coalesce(page.title, ${titleOf})` : sql.raw('page.title')

/** What `itemJson` refers to besides `page`. */
export const itemJoins = (kinds: readonly Kind[]): SQL => sql`
      ${joinUser(sql.raw('user_id'))}
      ${isTitled(kinds) ? sql`left join ${posts} on ${posts.deletedAt} is null and ${posts.id} = titled_by` : sql.empty()}`
