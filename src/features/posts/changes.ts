import { sql } from 'drizzle-orm'
import { audited } from '../../db/audit.ts'
import { type Creation, created } from '../../db/change/create.ts'
import { queuedAlone } from '../../db/change/queue.ts'
import { deletion, noDeletion, type Restoring } from '../../db/change/remove.ts'
import {
  type Addressed,
  isMatch,
  type Match,
  type Update,
  updated,
} from '../../db/change/update.ts'
import type { ById } from '../../db/list/row.ts'
import { comments, posts } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { Changes } from '../../http/changes.ts'
import { wholePost } from './item.ts'
import { postById } from './queries.ts'

const target = { name: 'posts', table: posts } as const
const { authorId, title, body, tags, metadata, createdAt, updatedAt } = posts
const fields = { title, body, tags, metadata }
const writes = { reads: [] } as const

export const newPostRow = {
  ...target,
  fields: { authorId, ...fields, createdAt },
  atCreation: { updatedAt },
  references: { authorId: 'user' },
} as const

export const postChanges: Changes = {
  tables: ['posts', 'comments'],
  create: statement('post_create', writes, (_, asked: Placeholders<Creation>) =>
    created(newPostRow, wholePost, asked),
  ),
  update: statement('post_update', writes, (_, asked: Placeholders<Update>) =>
    updated({ ...target, fields }, asked),
  ),
  lock: statement('post_lock', writes, (_, { id }: Placeholders<ById>) => locked(id)),
  remove: statement('post_delete', writes, (_, asked: Placeholders<Addressed>) =>
    removedWithComments(asked),
  ),
  restore: statement('post_restore', writes, (_, asked: Placeholders<Restoring>) =>
    restoredWithComments(asked),
  ),
  byId: postById,
}

/** A statement of its own: the next one has a snapshot of all comments that were made or restored before the lock was held. */
const locked = (id: Placeholders<ById>['id']) =>
  sql`with ${queuedAlone(sql`${id}::bigint`)}
    select ${posts.id} from queued, ${posts} where ${posts.id} = ${id}::bigint for no key update of ${posts}`

const removedWithComments = (asked: Placeholders<Addressed>) =>
  sql<Match>`with found as materialized (
      select id, ${isMatch(posts, asked.versions)} from ${posts} where id = ${asked.id}::bigint and deleted_at is null
    ), hidden as (
      update ${comments} set deleted_at = now(), deleted_with_post = true
      where id in (
        select ${comments.id} from found join ${comments} on ${comments.postId} = found.id
        where "isMatch" and ${comments.deletedAt} is null
        order by ${comments.id} for no key update of ${comments}
      )
      returning id
    ), changed as (
      update ${posts} set deleted_at = now() from found where ${posts.id} = found.id and "isMatch"
      returning ${posts.id} as id, ${noDeletion} as old, ${deletion(sql`now()`)} || jsonb_build_object('comments', (select count(*) from hidden)) as new
    ), audited as (
      ${audited('delete', 'posts', sql.raw('changed'), asked)}
    )
    select "isMatch" from found`

const restoredWithComments = (asked: Placeholders<Restoring>) =>
  sql<ById>`with found as materialized (
      select id, deleted_at from ${posts} where id = ${asked.id}::bigint
    ), shown as (
      update ${comments} set deleted_at = null, deleted_with_post = false
      where id in (
        select ${comments.id} from found join ${comments} on ${comments.postId} = found.id
        where found.deleted_at is not null and ${comments.deletedAt} is not null and ${comments.deletedWithPost}
        order by ${comments.id} for no key update of ${comments}
      )
      returning id
    ), changed as (
      update ${posts} set deleted_at = null from found where ${posts.id} = found.id and found.deleted_at is not null
      returning ${posts.id} as id, ${deletion(sql`found.deleted_at`)} as old, ${noDeletion} || jsonb_build_object('comments', (select count(*) from shown)) as new
    ), audited as (
      ${audited('restore', 'posts', sql.raw('changed'), asked)}
    )
    select id from found`
