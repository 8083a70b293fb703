import { sql } from 'drizzle-orm'
import type { Asked } from '../../db/list/list.ts'
import type { Match } from '../../db/list/matching.ts'
import { users } from '../../db/schema.ts'

/** The users whose preferences contain one of the objects; its index holds those who have any. */
export const preferring = ({ properties }: Asked): Match => ({
  table: users,
  matches: sql`${users.preferences} <> '{}' and ${users.preferences} @> any (${properties}::jsonb[])`,
  expected: sql`rollup.expected_preferring(${properties}::jsonb[])`,
})
