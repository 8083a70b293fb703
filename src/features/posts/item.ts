import { type SQLWrapper, sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { joinUser, jsonText, jsonUser } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { mostOfTitle, shownOf, wholeOf } from '../../db/list/texts.ts'
import { commentsCounts } from '../../db/rollup/post-comments.ts'
import { posts } from '../../db/schema.ts'

const postItem = (title: SQLWrapper, body: typeof shownOf): Item => {
  const { column, json } = body(posts.body)
  return {
    columns: sql`${posts.authorId} as user_id, ${column},
          ${title} as title, ${posts.createdAt} as created_at, ${posts.updatedAt} as updated_at`,
    json: sql`'{"id":', page.id, ',"title":', ${jsonText(sql.raw('page.title'))}, ${json},
        ',"author":', ${jsonUser}, ',"commentsCount":', counted.n,
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","updatedAt":"', ${nearestRfc3339(sql.raw('page.updated_at'))}, '"}'`,
    joins: sql`${joinUser(sql.raw('page.user_id'))}
      join (${commentsCounts(sql.raw('select id from page'))}) as counted on counted.post_id = page.id`,
  }
}

export const shownPost = postItem(sql`left(${posts.title}, ${mostOfTitle})`, shownOf)
export const wholePost = postItem(sql`${posts.title}`, wholeOf)
