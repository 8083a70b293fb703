import { sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { joinUser, jsonUser } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { shownOf, wholeOf } from '../../db/list/texts.ts'
import { comments } from '../../db/schema.ts'

const commentItem = (body: typeof shownOf): Item => {
  const { column, json } = body(comments.body)
  return {
    columns: sql`${comments.authorId} as user_id, ${comments.postId} as post_id, ${column},
          ${comments.createdAt} as created_at, ${comments.updatedAt} as updated_at`,
    json: sql`'{"id":', page.id, ',"postId":', page.post_id, ',"author":', ${jsonUser}, ${json},
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","updatedAt":"', ${nearestRfc3339(sql.raw('page.updated_at'))}, '"}'`,
    joins: joinUser(sql.raw('page.user_id')),
  }
}

export const shownComment = commentItem(shownOf)
export const wholeComment = commentItem(wholeOf)
