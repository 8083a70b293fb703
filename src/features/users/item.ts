import { sql } from 'drizzle-orm'
import { nearestRfc3339, rfc3339 } from '../../db/instant.ts'
import { jsonText } from '../../db/json.ts'
import type { Item } from '../../db/list/list.ts'
import { users } from '../../db/schema.ts'

/** Without the e-mail address, which there is no key yet to see with. */
export const user: Item = {
  columns: sql`${users.username} as username, ${users.isActive} as is_active, ${users.isAdmin} as is_admin,
          ${users.lastSeenAt} as last_seen_at, ${users.createdAt} as created_at, ${users.updatedAt} as updated_at`,
  json: sql`'{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
        ',"lastSeenAt":', ${jsonText(nearestRfc3339(sql.raw('page.last_seen_at')))},
        ',"createdAt":"', ${rfc3339(sql.raw('page.created_at'))}, '","updatedAt":"', ${nearestRfc3339(sql.raw('page.updated_at'))}, '"}'`,
  joins: sql.empty(),
}
