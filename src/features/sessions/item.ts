import { sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { joinUser, jsonUser } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { sessions } from '../../db/schema.ts'

export const session: Item = {
  columns: sql`${sessions.userId} as user_id, ${sessions.createdAt} as created_at, ${sessions.lastSeenAt} as last_seen_at`,
  json: sql`'{"id":', page.id, ',"user":', ${jsonUser},
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","lastSeenAt":"', ${nearestRfc3339(sql.raw('page.last_seen_at'))}, '"}'`,
  joins: joinUser(sql.raw('page.user_id')),
}
