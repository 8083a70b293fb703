import { sql } from 'drizzle-orm'
import { audited } from '../../db/audit.ts'
import { type Creation, created } from '../../db/change/create.ts'
import { queuedAmong } from '../../db/change/queue.ts'
import { deletion, noDeletion, type Restoring, removed } from '../../db/change/remove.ts'
import { type Addressed, type Update, updated } from '../../db/change/update.ts'
import type { ById } from '../../db/list/row.ts'
import { comments, posts } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { Changes } from '../../http/changes.ts'
import { wholeComment } from './item.ts'
import { commentById } from './queries.ts'

const target = { name: 'comments', table: comments } as const
const { postId, authorId, body, createdAt, updatedAt } = comments
const writes = { reads: [] } as const

export const newCommentRow = {
  ...target,
  fields: { postId, authorId, body, createdAt },
  atCreation: { updatedAt },
  references: { postId: 'post', authorId: 'user' },
} as const

export const commentChanges: Changes = {
  tables: ['comments'],
  create: statement('comment_create', writes, (_, asked: Placeholders<Creation>) =>
    created(newCommentRow, wholeComment, asked),
  ),
  update: statement('comment_update', writes, (_, asked: Placeholders<Update>) =>
    updated({ ...target, fields: { body } }, asked),
  ),
  remove: statement('comment_delete', writes, (_, asked: Placeholders<Addressed>) =>
    removed(target, asked),
  ),
  restore: statement('comment_restore', writes, (_, asked: Placeholders<Restoring>) =>
    restoredUnderPost(asked),
  ),
  byId: commentById,
}

/** Its post is locked first, and live: no deletion of it can pass the comment by. Of a post that is not the comment stays as it is. */
const restoredUnderPost = (asked: Placeholders<Restoring>) =>
  sql<ById>`with asked as materialized (
      select id, post_id from ${comments} where id = ${asked.id}::bigint
    ), ${queuedAmong(sql.raw('asked.post_id'), sql.raw('asked'))}, post as materialized (
      select ${posts.id} from queued, asked join ${posts} on ${posts.id} = asked.post_id
      where ${posts.deletedAt} is null for share of ${posts}
    ), found as materialized (
      select ${comments.id}, ${comments.deletedAt} from post join ${comments} on ${comments.postId} = post.id
      where ${comments.id} = ${asked.id}::bigint for no key update of ${comments}
    ), changed as (
      update ${comments} set deleted_at = null, deleted_with_post = false
      from found where ${comments.id} = found.id and found.deleted_at is not null
      returning ${comments.id} as id, ${deletion(sql`found.deleted_at`)} as old, ${noDeletion} as new
    ), audited as (
      ${audited('restore', 'comments', sql.raw('changed'), asked)}
    )
    select id from asked`
