import { type SQL, sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { joinUser, jsonText, jsonUser } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { type Body, beginningOfTitle, shownOf, wholeOf } from '../../db/list/texts.ts'
import {
  commentsCount,
  commentsCountOf,
  joinUnfolded,
  unfoldedPosts,
} from '../../db/rollup/post-comments.ts'
import { posts, postViews } from '../../db/schema.ts'

type Parts = {
  readonly title: SQL
  readonly body: Body
  /** Fields of its own, as JSON. */
  readonly more: SQL
  readonly commentsCount: SQL
}

const viewsCount = sql`coalesce((select ${postViews.n} from ${postViews} where ${postViews.postId} = page.id), 0)`

const columns = ({ title, body }: Parts) =>
  sql`${posts.authorId} as user_id, ${body.column},
          ${title} as title, ${posts.tags} as tags, ${posts.createdAt} as created_at, ${posts.updatedAt} as updated_at`

const json = ({
  body,
  more,
  commentsCount,
}: Parts) => sql`'{"id":', page.id, ',"title":', ${jsonText(sql.raw('page.title'))}, ${body.json},
        ',"tags":', coalesce(to_json(page.tags)::text, '[]'), ${more}
        ',"author":', ${jsonUser}, ',"commentsCount":', ${commentsCount}, ',"viewsCount":', ${viewsCount},
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","updatedAt":"', ${nearestRfc3339(sql.raw('page.updated_at'))}, '"}'`

const author = joinUser(sql.raw('page.user_id'))

const shown: Parts = {
  title: beginningOfTitle(posts.title),
  body: shownOf(posts.body),
  more: sql.empty(),
  commentsCount,
}
/** Of a list, which has no `metadata`: a hundred rows might have 1.6 MB of it. */
export const shownPost: Item = {
  columns: columns(shown),
  json: json(shown),
  joins: sql`${author} ${joinUnfolded}`,
  ctes: unfoldedPosts,
}

const whole: Parts = {
  title: sql`${posts.title}`,
  body: wholeOf(posts.body),
  more: sql.raw(`',"metadata":', page.metadata,`),
  commentsCount: commentsCountOf(sql.raw('page.id')),
}
export const wholePost: Item = {
  columns: sql`${columns(whole)}, ${posts.metadata} as metadata`,
  json: json(whole),
  joins: author,
}
