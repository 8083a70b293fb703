import { type SQL, sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { jsonText } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { users } from '../../db/schema.ts'

const columns = sql`${users.username} as username, ${users.isActive} as is_active, ${users.isAdmin} as is_admin,
          ${users.lastSeenAt} as last_seen_at, ${users.createdAt} as created_at, ${users.updatedAt} as updated_at`

const json = (more: SQL) =>
  sql`'{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
        ',"lastSeenAt":', ${jsonText(nearestRfc3339(sql.raw('page.last_seen_at')))}, ${more}
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","updatedAt":"', ${nearestRfc3339(sql.raw('page.updated_at'))}, '"}'`

/** No e-mail address leaves the database. */
const item = (columns: SQL, more: SQL): Item => ({ columns, json: json(more), joins: sql.empty() })

/** Of a list, which has no `preferences`: a hundred rows might have 1.6 MB of them. */
export const shownUser = item(columns, sql.empty())

export const wholeUser = item(
  sql`${columns}, ${users.preferences} as preferences`,
  sql.raw(`',"preferences":', page.preferences,`),
)
