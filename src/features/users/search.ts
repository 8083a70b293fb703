import { type SQL, sql } from 'drizzle-orm'
import type { Asked } from '../../db/list/list.ts'
import type { Match } from '../../db/list/matching.ts'
import { kindLiteral } from '../../db/rollup/kinds.ts'
import { foldedTotals } from '../../db/rollup/tables.ts'
import { users } from '../../db/schema.ts'

/** The users whose name contains a text, found by its trigrams. */
export const named = ({ pattern }: Asked): Match => ({
  table: users,
  matches: sql`lower(${users.username}) like lower(${pattern}::text)`,
  expected: expectedOf(sql`${pattern}::text`),
})

/** Where the database's character type is C, as that of the embedded server is, pg_trgm takes ASCII alone for letters: of other texts all users are expected. */
const expectedOf = (pattern: SQL): SQL => sql`case
        when lower(${pattern}) ~ '[a-z0-9]{3}'
          or (select datctype not in ('C', 'POSIX') from pg_database where datname = current_database())
        then rollup.expected_users(${pattern})
        else (select coalesce(sum(n), 0) from ${foldedTotals} where kind = ${kindLiteral('signup')})
      end`
