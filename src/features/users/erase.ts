import { createRoute, z } from '@hono/zod-openapi'
import { sql } from 'drizzle-orm'
import type { Context } from 'hono'
import { may } from '../../auth/caller.ts'
import { audited } from '../../db/audit.ts'
import { type Addressed, isMatch, type Match } from '../../db/change/update.ts'
import type { ById } from '../../db/list/row.ts'
import { users } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { forbidden } from '../../errors/error.ts'
import { expectMatch, versionsOf } from '../../http/changes.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { flag, pathId } from '../../http/parameters.ts'
import { remove } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { respondWrite } from '../../http/write.ts'
import { enqueueJob, newJob } from '../../jobs/job.ts'
import { eraseUser } from './erasure.ts'

export const deleteUser = createRoute({
  method: 'delete',
  path: '/users/{id}',
  operationId: 'deleteUser',
  tags: ['Users'],
  summary: 'Delete a user, or erase them',
  description:
    'The user is shown nowhere any more, their posts and comments without an author, until they are restored. With `erase=true`, which takes the scope `admin`, whatever is personal goes for good, and a deleted user can be erased too.',
  security: requires('write'),
  parameters: requestHeaders('If-Match', 'X-Request-Id'),
  request: {
    params: pathId,
    query: z.strictObject({
      erase: flag.optional().openapi({
        description:
          'Name, e-mail, preferences and what the audit log had of them are gone when it is answered; sessions, and the user of what they wrote, soon after.',
      }),
    }),
  },
  responses: remove('Deleted.', 'not_found', 'precondition_failed'),
})

const erase = statement<Addressed, Match>(
  'user_erase',
  { reads: [] },
  (_, asked: Placeholders<Addressed>) => sql<Match>`with found as materialized (
      select id, ${isMatch(users, asked.versions)}
      from ${users} where id = ${asked.id}::bigint and erased_at is null for no key update
    ), changed as (
      update ${users} set username = 'erased', email = null, preferences = '{}', last_seen_at = null, erased_at = now(),
        deleted_at = coalesce(${users.deletedAt}, now()), updated_at = greatest(now(), ${users.updatedAt} + interval '1 microsecond')
      from found where ${users.id} = found.id and "isMatch"
      returning ${users.id} as id, null::jsonb as old, null::jsonb as new
    ), audited as (
      ${audited('erase', 'users', sql.raw('changed'), asked)}
    )
    select "isMatch" from found`,
)

/** Rows: some 20 µs each. A user who was seen every minute for a year has half a million, which no request has the time for. */
const mostAtOnce = 20_000

/**
 * The newest; the job scrubs what is beyond. A statement of its own: its snapshot has whatever was written of the user before the
 * lock on them was held.
 */
const scrub = statement<ById, never>(
  'user_scrub',
  { reads: [] },
  (_, { id }: Placeholders<ById>) => sql<never>`
    update shopboard.audit_log as log set old = null, new = null
    from (
      select at, id from shopboard.audit_log where table_name = 'users' and row_id = ${id}::bigint
      order by at desc, id desc limit ${sql.raw(String(mostAtOnce))}
    ) as newest
    where log.at = newest.at and log.id = newest.id`,
)

/**
 * Erases the person at once, and lets a job do what may be much. @throws AppError forbidden to who is no admin, not_found where
 * nobody has the id or they are erased already, precondition_failed
 */
export function respondErased(c: Context<AppEnv>, id: number) {
  if (!may(c.get('caller'), 'admin')) throw forbidden('admin')
  return respondWrite<null, 204>(c, ['users'], async (db, origin) => {
    const [match] = await db.run(erase, { ...origin, id, versions: versionsOf(c) })
    expectMatch(match)
    const job = newJob(eraseUser, { userId: id }, origin.actor, String(id))
    await Promise.all([db.run(scrub, { id }), db.run(enqueueJob, job)])
    return { status: 204 }
  })
}
